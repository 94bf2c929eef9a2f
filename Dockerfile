# Gazette's server. One image, many commands: `serve` (the default), `worker`, `migrate`, `health`, `accounts`, …
#
#   docker build -t gazette .
#   docker build -t gazette-backup --target backup .     # the same, and PostgreSQL's tools for `gazette backup`
#
# The base is pinned by tag and by digest (of the index, for all platforms). Debian, not Alpine: grpcio's wheels want glibc.
ARG POSTGRES_IMAGE=postgres:18.4-bookworm
ARG PYTHON_IMAGE=python:3.11.15-slim-bookworm@sha256:d29f48a31a8b408ed19272ca1e7b10ebae13b240a27e862d3d4217c528e2e0c3

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The locks come first: these layers are made again only when a dependency changes. The environment that is shipped has no
# pip; the one that builds the wheels is left behind.
COPY requirements/build.lock requirements/sbom.lock requirements/server.lock requirements/
RUN python3 -m venv --without-pip /opt/gazette \
    && pip --python /opt/gazette/bin/python install --no-deps --require-hashes --only-binary :all: -r requirements/server.lock \
    && python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements/build.lock \
    && python3 -m venv /opt/sbom \
    && /opt/sbom/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements/sbom.lock \
    && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --output-file sbom.cdx.json /opt/gazette/bin/python

# Of AWS's four hundred services only those that files and their credentials need.
RUN find /opt/gazette/lib/python3.*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
      ! -name s3 ! -name sts ! -name sso ! -name sso-oidc ! -name signin -exec rm -rf {} +

COPY LICENSE pyproject.toml ./
COPY clients/python clients/python
COPY migrations migrations
COPY server server
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels ./clients/python . \
    && pip --python /opt/gazette/bin/python install --no-deps --no-index --prefix /opt/code wheels/*.whl

# The page at /docs is Swagger UI. Node and npm, which bring it, come from a wheel and are left behind.
FROM ${PYTHON_IMAGE} AS viewer
WORKDIR /build
COPY requirements/web/node.lock requirements/web/
COPY tools/__init__.py tools/node.py tools/
COPY deploy/envoy/viewer deploy/envoy/viewer
RUN python3 -m venv .venv \
    && .venv/bin/python -m tools.node npm ci --prefix deploy/envoy/viewer \
    && find deploy/envoy/viewer/node_modules -type f \
         ! -path '*/swagger-ui-dist/LICENSE' ! -path '*/swagger-ui-dist/NOTICE' ! -path '*/swagger-ui-dist/swagger-ui.css' \
         ! -path '*/swagger-ui-dist/swagger-ui-bundle.js' ! -path '*/swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt' -delete \
    && find deploy/envoy/viewer -type d -empty -delete

FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=development
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="gazette" \
      org.opencontainers.image.description="The backend of a government's websites: drafts, publication, and a permanent public record." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"

# The publisher's image has Python's own modules uncompiled, and the server may write nowhere: each of its processes would compile
# them anew, which made the start a third longer.
RUN python3 -m compileall -q -x '/(ensurepip|idlelib|lib2to3|site-packages|turtledemo)/' "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

# tini reaps what a worker leaves behind and passes signals on. /run/gazette holds the workers' sockets, which Envoy shares;
# /var/lib/gazette holds the files of an installation without object storage.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini=0.19.* \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && groupadd --gid 1001 gazette \
    && useradd --uid 1001 --gid 1001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gazette \
    && install --directory --owner=1001 --group=1001 --mode=0750 /run/gazette /var/lib/gazette

# The dependencies are a layer of their own, which most releases share. Envoy's configuration travels with the server that it
# describes; docs/deployment.md says how it is used. The SBOM lists the Python packages; of Debian's a scanner finds the list.
COPY --from=builder /opt/gazette /opt/gazette
COPY --from=builder /opt/code /opt/gazette
COPY --from=builder /build/sbom.cdx.json /usr/share/gazette/
COPY deploy/envoy/*.py deploy/envoy/*.tmpl deploy/envoy/*.lua deploy/envoy/*.txt deploy/envoy/gazette.binpb docs/openapi.json /usr/share/gazette/envoy/
COPY --from=viewer /build/deploy/envoy/viewer /usr/share/gazette/envoy/viewer

ARG ENVIRONMENT=production
ARG PORT=8080
# A container's loopback cannot be reached from outside, so the ports listen on every address of its own network.
ENV ENVIRONMENT=${ENVIRONMENT} \
    REVISION=${REVISION} \
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

# PostgreSQL's tools must be of the server's release, which Debian's are not.
FROM ${POSTGRES_IMAGE} AS postgres
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN install --directory /opt/postgresql/lib /usr/share/postgresql/18 \
    && rm -rf /usr/lib/postgresql/18/lib/bitcode /usr/lib/postgresql/18/lib/llvmjit* \
    && ldd /usr/lib/postgresql/18/bin/* | awk '/=> \// { print $3 }' | sort --unique \
       | grep --invert-match --extended-regexp '/lib(c|m|dl|rt|pthread|resolv)\.so' | xargs cp --dereference --target-directory=/opt/postgresql/lib

FROM runtime AS backup
USER 0:0
COPY --from=postgres /opt/postgresql/lib /opt/postgresql/lib
COPY --from=postgres /usr/lib/postgresql/18 /usr/lib/postgresql/18
COPY --from=postgres /usr/share/postgresql/18 /usr/share/postgresql/18
RUN echo /opt/postgresql/lib > /etc/ld.so.conf.d/zz-postgresql.conf && ldconfig
ENV BACKUP_POSTGRES_BIN=/usr/lib/postgresql/18/bin
USER 1001:1001
HEALTHCHECK NONE
CMD ["backup"]

FROM runtime AS gazette
