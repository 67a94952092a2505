# Builds the two programs and three images from scratch: mockmlp, mlpsync, and sample (mlpsync
# with the sample export of examples/, for docker-compose.yml).
#
# It uses nothing that the legacy builder lacks (no syntax line, no RUN --mount, no COPY --link or
# --chmod), so that it builds on the engine of Debian 12 as well as on today's.
#
# BUILDER is any image with a Go of go.mod's version, /bin/sh, cp, mkdir and chmod. Where no registry
# can be reached .ci/docker-builder makes one. A vendor folder in the build context, when there is
# one (.ci/build-context makes it), is used in place of the module proxy.
# Labels tell which untagged images are leftovers of a build:
# docker image prune --filter label=mlpsync.part
ARG BUILDER=golang:1.26

FROM ${BUILDER} AS build
LABEL mlpsync.part=build
# Empty: Go's own default.
ARG GOPROXY=
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
WORKDIR /src
COPY . .
# What "version" says: the context has no history to know it from. Empty: "(devel)". make and .ci/version give it.
ARG VERSION=
RUN go build -trimpath -ldflags="-s -w -X github.com/mlpsync/mlpsync/internal/version.stamped=${VERSION}" -o /out/ ./cmd/mlpsync ./cmd/mockmlp
# The folders that the images need. They are made here because scratch has no shell, with their
# modes set here because those of a checkout depend on a person's umask.
RUN mkdir -p /rootfs/mockmlp/etc/mockmlp /rootfs/mockmlp/var/lib/mockmlp \
             /rootfs/mlpsync/srv/mlpsync/in /rootfs/mlpsync/srv/mlpsync/reports /rootfs/mlpsync/srv/mlpsync/documents \
             /rootfs/mlpsync/var/lib/mlpsync /rootfs/mlpsync/var/lib/mlpsync-keys \
             /rootfs/sample/etc/mlpsync /rootfs/sample/srv/mlpsync/in \
 && cp examples/scenario.yaml /rootfs/mockmlp/etc/mockmlp/scenario.yaml \
 && cp deploy/compose/mlpsync.yaml examples/profile.yaml /rootfs/sample/etc/mlpsync/ \
 && cp examples/export/*.csv /rootfs/sample/srv/mlpsync/in/ \
 && cp -R examples/documents /rootfs/sample/srv/mlpsync/ \
 && chmod -R u=rwX,go= /rootfs \
 && chmod 755 /rootfs /rootfs/*/etc /rootfs/*/srv /rootfs/*/var /rootfs/*/var/lib \
 && chmod 755 /out /out/*

# 65532 is the user that images without a shell call nonroot. The folders belong to it: a named
# volume takes content, owner and mode from the image when it is first used.
FROM scratch AS mockmlp
LABEL mlpsync.part=mockmlp
COPY --from=build /out/mockmlp /usr/local/bin/mockmlp
COPY --from=build --chown=65532:65532 /rootfs/mockmlp/ /
USER 65532:65532
EXPOSE 8081 8082
ENTRYPOINT ["/usr/local/bin/mockmlp"]
CMD ["--listen", "0.0.0.0:8081", "--state", "/var/lib/mockmlp"]
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=12 CMD ["/usr/local/bin/mockmlp", "health"]

FROM scratch AS mlpsync
LABEL mlpsync.part=mlpsync
COPY --from=build /out/mlpsync /usr/local/bin/mlpsync
COPY --from=build --chown=65532:65532 /rootfs/mlpsync/ /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/mlpsync"]
CMD ["run", "-c", "/etc/mlpsync/mlpsync.yaml"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 CMD ["/usr/local/bin/mlpsync", "health", "-c", "/etc/mlpsync/mlpsync.yaml"]

# The sample is an image of its own, so that no installation finds synthetic people in its drop folder.
FROM mlpsync AS sample
LABEL mlpsync.part=sample
COPY --from=build --chown=65532:65532 /rootfs/sample/ /
