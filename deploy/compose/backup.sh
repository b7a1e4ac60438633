#!/bin/sh
# A whole copy of the database while it runs: sh deploy/compose/backup.sh FILE.tar.gz. For cron; restore.sh brings it back.
# It is PostgreSQL's own base backup, so TimescaleDB's chunks and roll-ups come along as they are.
set -eu
cd "$(dirname "$0")/../.."
file=${1:?which file? sh deploy/compose/backup.sh /backups/tuantu-$(date +%F).tar.gz}
umask 077
trap 'rm -f "$file.part"' EXIT
docker compose exec -T database pg_basebackup -U tuantu -D - -F tar -X fetch --checkpoint=fast -z > "$file.part"
# An archive that was cut off must not take the place of a good one: it is read to its end.
{ names=$(tar -tzf "$file.part") && printf '%s\n' "$names" | grep -q '^\(\./\)\?backup_label$'; } ||
    { echo "backup: $file.part is no whole backup" >&2; exit 1; }
mv "$file.part" "$file"
echo "backup: $(du -h "$file" | cut -f1) in $file"
