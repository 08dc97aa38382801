# BookVault as a container image, in two targets:
#
#   docker build -t bookvault .                        works alone: the program and a private PostgreSQL on one volume
#   docker build -t bookvault:slim --target slim .     the program and nothing else: for a PostgreSQL of yours
#
#   docker run -p 8080:8080 -v bookvault:/var/lib/bookvault bookvault
#   docker run -p 8080:8080 -e BOOKVAULT_DATABASE_PRIMARY=postgres://… bookvault:slim
#
# Both run as user 10001, never as root. docs/CONTAINER.md says what was proved of this, and how.

# The images to build from. Name others (a mirror, a local copy) with --build-arg.
ARG GO_IMAGE=docker.io/library/golang:1.26-bookworm
ARG DEBIAN_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${GO_IMAGE} AS build
WORKDIR /src
# The libraries first: this layer stays as long as go.mod does.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=0.1.0-dev
# timetzdata: due dates need the library's time zone, and the slim image has no zone files. nomsgpack: gin without a codec that nothing here uses.
RUN CGO_ENABLED=0 go build -trimpath -tags timetzdata,nomsgpack -ldflags "-s -w -X main.version=${VERSION}" -o /out/bookvault .
# The folders and names of the slim image, which has no shell to make them with.
RUN install -d /out/root/etc && install -d -m 1777 /out/root/tmp && install -d -m 0750 /out/owned/var/lib/bookvault \
 && echo 'bookvault:x:10001:10001::/var/lib/bookvault:/sbin/nologin' > /out/root/etc/passwd \
 && echo 'bookvault:x:10001:' > /out/root/etc/group

# The program alone. It holds the certificates that a TLS connection to PostgreSQL is checked with, and no shell.
FROM scratch AS slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/root /
COPY --from=build --chown=10001:10001 /out/owned /
COPY --from=build /out/bookvault /usr/local/bin/bookvault
# 0.0.0.0: in a container, what is reachable is decided by the ports that are published.
ENV BOOKVAULT_SERVER_ADDRESS=0.0.0.0:8080 \
    BOOKVAULT_TELEMETRY_METRICS_ADDRESS=0.0.0.0:9464 \
    BOOKVAULT_DATABASE_EMBEDDED_DATA=/var/lib/bookvault
USER 10001:10001
WORKDIR /var/lib/bookvault
VOLUME /var/lib/bookvault
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["/usr/local/bin/bookvault", "doctor", "--ready"]
ENTRYPOINT ["/usr/local/bin/bookvault"]

# The program and PostgreSQL's programs. The last target, so the one that is built when none is named.
FROM ${DEBIAN_IMAGE} AS alone
ARG POSTGRESQL=15
# The package would make a cluster of its own while it installs; BookVault makes its own on the volume.
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-common \
 && echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf \
 && apt-get install -y --no-install-recommends postgresql-${POSTGRESQL} ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 bookvault \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/bookvault --no-create-home --shell /usr/sbin/nologin bookvault \
 && install -d -m 0750 -o 10001 -g 10001 /var/lib/bookvault
COPY --from=build /out/bookvault /usr/local/bin/bookvault
ENV BOOKVAULT_SERVER_ADDRESS=0.0.0.0:8080 \
    BOOKVAULT_TELEMETRY_METRICS_ADDRESS=0.0.0.0:9464 \
    BOOKVAULT_DATABASE_EMBEDDED_DATA=/var/lib/bookvault
USER 10001:10001
WORKDIR /var/lib/bookvault
VOLUME /var/lib/bookvault
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["/usr/local/bin/bookvault", "doctor", "--ready"]
ENTRYPOINT ["/usr/local/bin/bookvault"]
