# Gazette's server. One image, many commands: `serve` (the default), `migrate`, `health`, `accounts`, …
#
#   docker build -t gazette .
#
# The base is pinned by tag and by digest (of the index, for all platforms). Debian, not Alpine: grpcio's wheels want glibc.
ARG PYTHON_IMAGE=python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The locks come first: these layers are made again only when a dependency changes. The environment that is shipped has no
# pip; the one that builds the wheels is left behind.
COPY requirements/build.lock requirements/server.lock requirements/
RUN python3 -m venv --without-pip /opt/gazette \
    && pip --python /opt/gazette/bin/python install --no-deps --require-hashes --only-binary :all: -r requirements/server.lock \
    && python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements/build.lock

COPY pyproject.toml ./
COPY clients/python clients/python
COPY migrations migrations
COPY server server
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels ./clients/python . \
    && pip --python /opt/gazette/bin/python install --no-deps --no-index --prefix /opt/code wheels/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="gazette" \
      org.opencontainers.image.description="The backend of a government's websites: drafts, publication, and a permanent public record."

# tini reaps what a worker leaves behind and passes signals on. /run/gazette holds the workers' sockets, which Envoy shares;
# /var/lib/gazette holds the files of an installation without object storage.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini=0.19.* \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1001 gazette \
    && useradd --uid 1001 --gid 1001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gazette \
    && install --directory --owner=1001 --group=1001 --mode=0750 /run/gazette /var/lib/gazette

# The dependencies are a layer of their own, which most releases share. Envoy's configuration travels with the server that it
# describes; docs/deployment.md says how it is used.
COPY --from=builder /opt/gazette /opt/gazette
COPY --from=builder /opt/code /opt/gazette
COPY deploy/envoy/render.py deploy/envoy/envoy.yaml.tmpl deploy/envoy/rest.lua deploy/envoy/services.txt deploy/envoy/gazette.binpb /usr/share/gazette/envoy/

ARG ENVIRONMENT=production
ARG PORT=8080
# A container's loopback cannot be reached from outside, so the ports listen on every address of its own network.
ENV ENVIRONMENT=${ENVIRONMENT} \
    PORT=${PORT} \
    GRPC_HOST=0.0.0.0 \
    METRICS_HOST=0.0.0.0 \
    SOCKET_DIR=/run/gazette \
    PATH=/opt/gazette/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 1001:1001
WORKDIR /var/lib/gazette
EXPOSE 50051 9464
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 CMD ["gazette", "health"]
ENTRYPOINT ["tini", "--", "gazette"]
CMD ["serve"]
