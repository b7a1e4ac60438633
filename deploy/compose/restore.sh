#!/bin/sh
# Puts a backup back: sh deploy/compose/restore.sh FILE.tar.gz. What the database holds now is lost, except what stations still keep:
# the cloud notices that it was restored and asks each station to send again what is missing (ARCHITECTURE, decision 4).
set -eu
cd "$(dirname "$0")/../.."
file=${1:?which file? sh deploy/compose/restore.sh /backups/tuantu-2026-01-31.tar.gz}
{ names=$(tar -tzf "$file") && printf '%s\n' "$names" | grep -q '^\(\./\)\?backup_label$'; } ||
    { echo "restore: $file is no whole backup; nothing was changed" >&2; exit 1; }
if [ "${YES:-}" != 1 ]; then
    printf 'restore: this replaces the database of %s. Type yes: ' "$(pwd)"
    read -r answer || answer=no
    [ "$answer" = yes ] || { echo "restore: nothing was changed" >&2; exit 1; }
fi
docker compose stop
docker compose run --rm -T --no-deps --entrypoint sh database -c \
    'set -e; rm -rf "$PGDATA.new"; mkdir -m 700 "$PGDATA.new"; tar -xzf - -C "$PGDATA.new"; rm -rf "$PGDATA.old"; \
     [ ! -e "$PGDATA" ] || mv "$PGDATA" "$PGDATA.old"; mv "$PGDATA.new" "$PGDATA"' < "$file"
docker compose up -d
echo "restore: done; what was there before lies beside it in the volume (pgdata.old) until the next restore"
