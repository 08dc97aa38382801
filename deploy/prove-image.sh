#!/usr/bin/env bash
# Builds both images of the Dockerfile and uses them as a library would, on a machine without a container engine: buildah with
# chroot isolation, on base images that debootstrap makes. As root, on Debian, with `apt-get install buildah debootstrap curl`
# and PostgreSQL's programs (for the slim image, which brings none).
#
#   deploy/prove-image.sh [FOLDER]      FOLDER (default: a temporary one) takes about 3 GB, and is removed at the end, unless
#                                       KEEP=1 keeps it; what it holds of images is used again by the next run.
#
# What it cannot prove is said in docs/CONTAINER.md.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(realpath -m "${1:-$(mktemp -d /var/tmp/bookvault-image.XXXXXX)}")
port=${PORT:-18480}
server=http://127.0.0.1:$port
pid=
build() { buildah --root "$folder/store" --runroot "$folder/run" "$@"; }
say() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; tail -n 20 "$folder"/*.log >&2; exit 1; }
cleanup() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  [ ! -d "$folder/theirs" ] || theirs pg_ctl -D "$folder/theirs" -m immediate stop >/dev/null 2>&1 || true
  build rm --all >/dev/null 2>&1 || true
  build umount --all >/dev/null 2>&1 || true
  [ -n "${KEEP:-}" ] && rm -rf "$folder/volume" "$folder/theirs" || rm -rf "$folder"
}
trap cleanup EXIT
mkdir -p "$folder"

# The two images that the Dockerfile begins with, as near as can be made here: Debian's minimal system, and Go on it.
bases() {
  say "base images"
  debootstrap --variant=minbase bookworm "$folder/debian" http://deb.debian.org/debian >"$folder/debootstrap.log"
  local c
  c=$(build from scratch)
  build add -q "$c" "$folder/debian" / >/dev/null
  build commit -q "$c" localhost/debian:bookworm-slim >/dev/null
  build add -q "$c" "$(go env GOROOT)" /usr/local/go >/dev/null
  build add -q "$c" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt >/dev/null
  build config --env PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env GOTOOLCHAIN=local "$c"
  build commit -q "$c" localhost/golang:bookworm >/dev/null
  build rm "$c" >/dev/null
  rm -rf "$folder/debian"
}

# image TAG TARGET builds one target of the Dockerfile.
image() {
  say "docker build --target $2"
  build bud --isolation chroot --format docker --layers --target "$2" -t "$1" \
    --build-arg GO_IMAGE=localhost/golang:bookworm --build-arg DEBIAN_IMAGE=localhost/debian:bookworm-slim . >"$folder/build-$2.log" 2>&1 ||
    fail "the build of $2"
  build images "$1"
}

# start CONTAINER [ENV…] runs the image's own command as the image's own user and waits until the image's own health check is
# content. Only the address is another one, so that the machine's port 8080 is not needed.
start() {
  local c=$1 more=(); shift
  for setting in "$@"; do more+=(--env "$setting"); done
  build run --isolation chroot -v "$folder/volume:/var/lib/bookvault" --env BOOKVAULT_SERVER_ADDRESS=0.0.0.0:"$port" \
    --env BOOKVAULT_TELEMETRY_METRICS_ADDRESS= "${more[@]}" "$c" -- /usr/local/bin/bookvault >"$folder/serve.log" 2>&1 &
  local began=$SECONDS
  until build run --isolation chroot --env BOOKVAULT_SERVER_ADDRESS=0.0.0.0:"$port" "$c" -- /usr/local/bin/bookvault doctor --ready >/dev/null 2>&1; do
    [ $((SECONDS - began)) -lt 60 ] || fail "not ready after 60 s"
    sleep 0.3
  done
  pid=$(pgrep -u 10001 -xo bookvault) || fail "no process bookvault of user 10001"
  echo "ready; process $pid runs as uid $(awk '/^Uid/ {print $2}' "/proc/$pid/status")"
}

stop() {
  local began=$SECONDS
  kill -TERM "$pid"
  # PostgreSQL's collector of its log ends a moment after PostgreSQL, so all of it is given the time that an engine gives.
  while kill -0 "$pid" 2>/dev/null || pgrep -u 10001 postgres >/dev/null; do
    [ $((SECONDS - began)) -lt 10 ] || fail "not down 10 s after SIGTERM: $(pgrep -u 10001 -a | cut -c1-100)"
    sleep 0.2
  done
  pid=
  echo "stopped after about $((SECONDS - began)) s"
}

# sign_in signs in as the desk with the password that the volume holds; lend lends a copy as them.
sign_in() {
  local password
  password=$(tr -d '\n' <"$folder/volume/demonstration.json" | sed -E 's/.*"card": *"desk", *"password": *"([^"]*)".*/\1/')
  curl -fsS -o /dev/null -c "$folder/cookies" -H 'Content-Type: application/json' -d "{\"card\": \"desk\", \"password\": \"$password\"}" \
    "$server/api/members/v1/sessions" || fail "the desk cannot sign in"
}
lend() {
  curl -fsS -b "$folder/cookies" -H 'Content-Type: application/json' -d "{\"member_card\": \"D1001\", \"barcode\": \"$1\"}" \
    "$server/api/borrowing/v1/loans" || fail "$1 cannot be lent"
}
on_loan() { curl -fsS "$server/api/borrowing/v1/items/$1" -b "$folder/cookies" | grep -q '"status":"checked_out"' || fail "$1 is not on loan"; }

theirs() { local program=$1; shift; setpriv --reuid=postgres --regid=postgres --clear-groups "$(ls -d /usr/lib/postgresql/*/bin | tail -n1)/$program" "$@"; }

build inspect --type image localhost/golang:bookworm >/dev/null 2>&1 || bases
image localhost/bookvault:slim slim
image localhost/bookvault:latest alone

say "docker run bookvault, on a fresh volume"
install -d -m 0750 -o 10001 -g 10001 "$folder/volume" # an engine gives a new volume the owner of the image's folder
alone=$(build from localhost/bookvault:latest)
start "$alone"
sign_in && lend B0000001 && on_loan B0000001
say "stopped, and started again on the same volume"
stop
start "$alone"
sign_in && on_loan B0000001 && echo "the loan is still there"
say "killed with -9, and started again"
kill -9 "$pid"; sleep 1
start "$alone"
sign_in && on_loan B0000001 && echo "the loan is still there"
stop

say "docker run bookvault:slim, with a PostgreSQL of one's own"
install -d -m 0700 -o postgres "$folder/theirs"; chmod 0711 "$folder"
theirs initdb -D "$folder/theirs" -U library -A trust >"$folder/initdb.log"
theirs pg_ctl -D "$folder/theirs" -w -o "-p $((port + 1)) -k '' -c listen_addresses=127.0.0.1" -l /dev/null start >/dev/null
rm -rf "$folder/volume"; install -d -m 0750 -o 10001 -g 10001 "$folder/volume"
slim=$(build from localhost/bookvault:slim)
start "$slim" "BOOKVAULT_DATABASE_PRIMARY=postgres://library@127.0.0.1:$((port + 1))/postgres?sslmode=disable" BOOKVAULT_LIBRARY_DEMONSTRATION=always
sign_in && lend B0000002 && on_loan B0000002
stop
say "all of it worked"
