-- One kind of work for wrk, with ids at random: wrk -s bench/work.lua URL -- WORK USERS ORDERS TAG
-- TAG is new for each run, so that no address is registered twice. Prints one line of JSON.

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

local function get(path)
    return "GET " .. path .. " HTTP/1.1\r\nHost: localhost\r\n\r\n"
end

local function post(path, body)
    return "POST " .. path .. " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        .. #body .. "\r\n\r\n" .. body
end

-- The last tenth of the users order, and the others are read. Or whoever places orders faster would have longer lists to answer.
local function user_at(number)
    return string.format("01980000-0000-7000-8000-%012x", number)
end

local function user()
    return user_at(math.random(users - users / 10))
end

local function buyer()
    return user_at(users - users / 10 + math.random(users / 10))
end

local function order()
    return string.format("01980000-0001-7000-8000-%012x", math.random(orders))
end

local registered = 0

local kinds = {
    ["live"] = function() return get("/health/live") end,
    ["users-read"] = function() return get("/users/" .. user()) end,
    ["orders-read"] = function() return get("/orders/" .. order()) end,
    ["orders-list"] = function() return get("/orders?customer_id=" .. user()) end,
    ["customers"] = function() return get("/customers/" .. user()) end,
    ["users-create"] = function()
        registered = registered + 1
        local email = tag .. "-" .. number .. "-" .. registered .. "@example.com"
        return post("/users", '{"email":"' .. email .. '","name":"Grace Hopper"}')
    end,
    ["orders-create"] = function()
        return post("/orders", '{"customer_id":"' .. buyer() .. '","currency":"EUR","items":['
            .. '{"sku":"TEA-100","quantity":2,"unit_price":499},{"sku":"CUP-1","quantity":1,"unit_price":100}]}')
    end,
}

-- Of a hundred requests, how many are of each kind: 80 read.
local mix = {
    { 40, "users-read" }, { 30, "orders-read" }, { 5, "orders-list" }, { 5, "customers" },
    { 8, "users-create" }, { 12, "orders-create" },
}

kinds["mix"] = function()
    local left = math.random(100)
    for _, part in ipairs(mix) do
        left = left - part[1]
        if left <= 0 then return kinds[part[2]]() end
    end
end

function init(args)
    users, orders, tag = tonumber(args[2]), tonumber(args[3]), args[4]
    local seed = number
    for at = 1, #tag do seed = (seed * 31 + tag:byte(at)) % 2147483647 end
    math.randomseed(seed)
    request = kinds[args[1]]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"p50":%.4f,"p99":%.4f,"refused":%d,"broken":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
