"""`fastapi`: FastAPI and asyncpg's pool in two uvicorn processes with uvloop and httptools. asyncpg prepares each statement once for
each connection; pydantic checks requests and writes answers."""

import os
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints
from uuid_utils.compat import uuid7

import statements

WORKERS = 2
MOST = 2**53 - 1

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$"
    ),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Limit = Annotated[int, Query(ge=1, le=200)]


class NewUser(BaseModel):
    email: Email
    name: Name


class User(BaseModel):
    id: UUID
    email: str | None
    name: str | None
    standing: str
    refusal: str | None
    registered_at: datetime
    changed_at: datetime


class Item(BaseModel):
    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]
    unit_price: Annotated[int, Field(ge=0, le=MOST)]


class NewOrder(BaseModel):
    customer_id: UUID
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    items: Annotated[list[Item], Field(min_length=1, max_length=100)]


class Order(BaseModel):
    id: UUID
    customer_id: UUID
    status: str
    currency: str
    items: list[Item]
    total: int
    placed_at: datetime
    changed_at: datetime


class Page(BaseModel):
    items: list[Order]
    next: UUID | None


class Customer(BaseModel):
    user: User
    orders: list[Order]
    missing: list[Literal["users", "orders"]]


@asynccontextmanager
async def lifespan(app: FastAPI):
    size = max(1, int(os.environ.get("POOL", 16)) // WORKERS)
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=size, max_size=size) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


def database(request: Request) -> asyncpg.Pool:
    return request.app.state.pool


Pool = Annotated[asyncpg.Pool, Depends(database)]


@app.get("/users/{id}")
async def user(id: UUID, pool: Pool) -> User:
    return await find_user(pool, id)


@app.post("/users", status_code=201)
async def register(new: NewUser, pool: Pool, response: Response) -> User:
    try:
        row = await pool.fetchrow(statements.REGISTER, uuid7(), new.email, new.name)
    except asyncpg.UniqueViolationError:
        raise HTTPException(409, "the address belongs to another account") from None
    response.headers["Location"] = f"/users/{row['id']}"
    return User.model_construct(**row)


@app.get("/orders/{id}")
async def order(id: UUID, pool: Pool) -> Order:
    lines = await pool.fetch(statements.ORDER, id)
    if not lines:
        raise HTTPException(404, "there is no such order")
    return to_orders(lines)[0]


@app.post("/orders", status_code=201)
async def place(new: NewOrder, pool: Pool, response: Response) -> Order:
    total = sum(item.quantity * item.unit_price for item in new.items)
    if total > MOST:
        raise HTTPException(422, "the total is too large")
    id = uuid7()
    async with pool.acquire() as connection, connection.transaction():
        standing = await connection.fetchval(statements.STANDING, new.customer_id)
        if standing is None:
            raise HTTPException(422, "there is no such customer")
        if standing != "active":
            raise HTTPException(409, "the customer's account is not active")
        placed = await connection.fetchrow(statements.INSERT_ORDER, id, new.customer_id, new.currency, total)
        await connection.execute(
            statements.INSERT_ITEMS,
            id,
            [item.sku for item in new.items],
            [item.quantity for item in new.items],
            [item.unit_price for item in new.items],
        )
    response.headers["Location"] = f"/orders/{id}"
    return Order.model_construct(
        id=id, customer_id=new.customer_id, currency=new.currency, items=new.items, total=total, **placed
    )


@app.get("/orders")
async def list_orders(customer_id: UUID, pool: Pool, after: UUID = UUID(int=0), limit: Limit = 50) -> Page:
    orders = to_orders(await pool.fetch(statements.LIST, customer_id, after, limit + 1))
    items = orders[:limit]
    return Page.model_construct(items=items, next=items[-1].id if len(orders) > limit else None)


@app.get("/customers/{id}")
async def customer(id: UUID, pool: Pool, limit: Limit = 50) -> Customer:
    user = await find_user(pool, id)
    orders = to_orders(await pool.fetch(statements.LATEST, id, limit))
    return Customer.model_construct(user=user, orders=orders, missing=[])


async def find_user(pool: asyncpg.Pool, id: UUID) -> User:
    row = await pool.fetchrow(statements.USER, id)
    if row is None:
        raise HTTPException(404, "there is no such user")
    return User.model_construct(**row)


def to_orders(lines: list[asyncpg.Record]) -> list[Order]:
    """Puts the lines of a join together. Those of one order follow each other."""
    orders: list[Order] = []
    for id, customer_id, status, currency, total, placed_at, changed_at, sku, quantity, unit_price in lines:
        if not orders or orders[-1].id != id:
            orders.append(
                Order.model_construct(
                    id=id,
                    customer_id=customer_id,
                    status=status,
                    currency=currency,
                    items=[],
                    total=total,
                    placed_at=placed_at,
                    changed_at=changed_at,
                )
            )
        orders[-1].items.append(Item.model_construct(sku=sku, quantity=quantity, unit_price=unit_price))
    return orders


if __name__ == "__main__":
    uvicorn.run(
        "app:app",
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        workers=WORKERS,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
