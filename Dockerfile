# Two images of one farm: `server` (balancer, backend with the site, `pilot`) and `worker`. See docs/deploy.md.
ARG NODE=docker.io/library/node:24-bookworm-slim

FROM ${NODE} AS farm
WORKDIR /farm
COPY . .
# The site needs its tools only while it is built; what runs has the packages of the servers and the worker alone.
RUN npm ci --ignore-scripts --no-audit --no-fund \
  && (cd client-frontend && node ../node_modules/vite/bin/vite.js build --outDir /tmp/site) \
  && rm -rf node_modules client-frontend/src client-frontend/public examples \
  && npm ci --ignore-scripts --no-audit --no-fund --omit=dev --include-workspace-root=false \
    --workspace shared --workspace sandbox --workspace images --workspace load-balancer \
    --workspace client-backend --workspace worker --workspace cli \
  && mv /tmp/site client-frontend/dist \
  && rm -rf /root/.npm /tmp/*

FROM ${NODE} AS server
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap ffmpeg \
  && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/doc /usr/share/man \
  && printf '#!/bin/sh\nexec node /farm/cli/src/main.ts "$@"\n' >/usr/local/bin/pilot && chmod 755 /usr/local/bin/pilot \
  && install -d -o node -g node -m 700 /data \
  && install -d -o node -g node -m 755 /secrets /secrets/database /secrets/farm /secrets/worker
COPY --from=farm /farm /farm
WORKDIR /farm
USER 1000:1000
ENV NODE_ENV=production PILOT_DATA=/data PILOT_HOST=0.0.0.0
EXPOSE 3000 3001
CMD ["node", "--max-semi-space-size=4", "--heap-growing-percent=50", "client-backend/src/main.ts"]

FROM ${NODE} AS worker
# Leave the lines of Python out for a worker that only renders.
ARG PROGRAMS="blender libegl1 libgl1-mesa-dri python3 python3-pip python3-numpy python3-torch python3-sklearn python3-pil"
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap ${PROGRAMS} \
  && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/doc /usr/share/man \
  && install -d -o node -g node -m 700 /data
COPY --from=farm /farm /farm
WORKDIR /farm
USER 1000:1000
ENV NODE_ENV=production PILOT_DATA=/data PILOT_HOST_FOLDER=/data/hosts PILOT_CONTAINER=1
# A volume for each container: two workers never share one.
VOLUME /data
CMD ["node", "cli/src/main.ts", "worker", "--json"]
