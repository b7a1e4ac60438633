#!/bin/sh
# Writes .env with new passwords: sh deploy/compose/make_env.sh DOMAIN. What is there already is never overwritten.
set -eu
cd "$(dirname "$0")/../.."
case "${1:-}" in
    "" | *[!a-zA-Z0-9.-]*)
        echo "make_env: which name? sh deploy/compose/make_env.sh tuantu.example.com (localhost for a look)" >&2
        exit 2
        ;;
esac
if [ -e .env ]; then
    echo "make_env: .env is there already; its passwords are those of the database and stay" >&2
    echo "  → edit it, or move it away if its database is gone too" >&2
    exit 2
fi
fresh() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
sed -e "s|^TUANTU_DOMAIN=.*|TUANTU_DOMAIN=$1|" \
    -e "s|^TUANTU_SECRET=.*|TUANTU_SECRET=$(fresh)|" \
    -e "s|^TUANTU_DATABASE_PASSWORD=.*|TUANTU_DATABASE_PASSWORD=$(fresh)|" \
    -e "s|^TUANTU_BROKER_PASSWORD=.*|TUANTU_BROKER_PASSWORD=$(fresh)|" \
    deploy/compose/env.example > .env
echo "make_env: .env is written, for $1. Keep a copy of it elsewhere."
