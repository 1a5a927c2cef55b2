# One image for everything: it serves, with a PostgreSQL of its own or with yours, and it provisions, migrates and audits.
# docs/container.md says how to run it.

FROM rust:1.95-bookworm AS program
WORKDIR /src
# What we stand on, from the manifest alone: a change of ours builds only ours.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src && echo 'fn main() {}' >src/main.rs && touch src/lib.rs && cargo build --release --locked && rm -r src
COPY . .
# Or cargo takes our sources, which are older, for what it has just built.
RUN touch src/main.rs src/lib.rs && cargo build --release --locked

FROM debian:bookworm-slim AS postgresql
# Debian would make a cluster of its own and a TLS key, which everyone with the image would share: neither is wanted.
RUN apt-get update \
    && export DEBIAN_FRONTEND=noninteractive \
    && apt-get install -y --no-install-recommends postgresql-common \
    && echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf \
    && apt-get install -y --no-install-recommends postgresql-15
# What a server needs, and what makes a backup; LLVM alone, for queries that take seconds, would double the image.
WORKDIR /parts
RUN from=/usr/lib/postgresql/15 share=/usr/share/postgresql/15 packages=var/lib/dpkg/status.d \
    && mkdir -p .$from/bin .$from/lib .$share $packages \
    && cd $from/bin && cp initdb pg_ctl pg_dump pg_isready pg_restore postgres psql /parts$from/bin \
    && cd $from/lib && cp dict_snowball.so libpqwalreceiver.so plpgsql.so *_and_*.so euc2004_sjis2004.so pgoutput.so /parts$from/lib \
    && cp -r $share/. /parts$share \
    && cd /parts \
    # Where scanners look for packages that dpkg did not install here, as in distroless images.
    && for package in postgresql-15 postgresql-client-15; do dpkg-query --status $package >$packages/$package; done

FROM debian:bookworm-slim
# tini is the process 1: it collects what PostgreSQL leaves when it is killed, and a SIGTERM ends us even before we listen for it.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libgssapi-krb5-2 libicu72 libldap-2.5-0 liblz4-1 \
        libpam0g libpq5 libreadline8 libssl3 libsystemd0 libxml2 libzstd1 tini tzdata \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
        schema-per-service \
    && install -d -o schema-per-service -g schema-per-service -m 700 /var/lib/schema-per-service
COPY --from=postgresql /parts /
COPY --from=program /src/target/release/schema-per-service /usr/local/bin/
RUN ! ldd /usr/local/bin/schema-per-service /usr/lib/postgresql/15/bin/* /usr/lib/postgresql/15/lib/* | grep 'not found'
LABEL org.opencontainers.image.title="schema-per-service" \
    org.opencontainers.image.description="Two services in one process, each with a PostgreSQL schema, a role and migrations of its own" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
ENV LISTEN=0.0.0.0:8080 DATA_DIR=/var/lib/schema-per-service
VOLUME /var/lib/schema-per-service
EXPOSE 8080
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
# There is no curl in here, but bash can speak to a port.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["bash", "-c", "\
    host=${LISTEN%:*} && host=${host#[} \
    && exec 3<>/dev/tcp/${host%]}/${LISTEN##*:} \
    && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 \
    && read -r _ status _ <&3 && [ $status = 200 ] || exit 1"]
ENTRYPOINT ["tini", "--", "schema-per-service"]
