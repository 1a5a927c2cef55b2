FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
# Debian makes a cluster of its own and a TLS key, which everyone with the image would share: neither is wanted.
RUN apt-get update \
    && export DEBIAN_FRONTEND=noninteractive \
    && apt-get install -y --no-install-recommends postgresql-common \
    && echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 postgresql-15 \
    && rm -rf /var/lib/apt/lists/* /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem \
    && find /etc/ssl/certs -xtype l -delete \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
        schema-per-service \
    && install -d -o schema-per-service -g schema-per-service -m 700 /var/lib/schema-per-service
COPY --from=build /src/target/release/schema-per-service /usr/local/bin/
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
ENTRYPOINT ["schema-per-service"]
