#!/bin/sh
# Makes this Debian 12 or Raspberry Pi OS (64-bit) a station: sudo sh deploy/pi/install.sh, from a checkout. Said again, it updates.
# Code goes to /opt/tuantu, the site's file to /etc/tuantu, what it books to /var/lib/tuantu; it runs as the user tuantu.
set -eu
cd "$(dirname "$0")/../.."
say() { echo "tuantu: $*"; }
[ "$(id -u)" = 0 ] || { say "root's rights are needed: sudo sh deploy/pi/install.sh" >&2; exit 2; }

# 1. What wheels can't bring: the interpreter's venv, the second reader of labels, the camera's libraries, Bluetooth.
DEBIAN_FRONTEND=noninteractive apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    ca-certificates openssl python3 python3-venv libzbar0 libgl1 libglib2.0-0
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or newer is needed: Debian 12" >&2; exit 2; }

# 2. A user without a password, with the groups this machine has for serial lines, keyboards, cameras, pins, the console's bell.
getent passwd tuantu >/dev/null || useradd --system --user-group --home-dir /var/lib/tuantu --no-create-home \
    --shell /usr/sbin/nologin tuantu
for group in dialout input video gpio tty bluetooth; do
    ! getent group "$group" >/dev/null || usermod -aG "$group" tuantu
done

# 3. The code, its locked packages, and the pages, built here with a Node that comes along.
install -d /opt/tuantu
rm -rf /opt/tuantu/edge.new && cp -R edge /opt/tuantu/edge.new
rm -rf /opt/tuantu/edge.old && { [ ! -e /opt/tuantu/edge ] || mv /opt/tuantu/edge /opt/tuantu/edge.old; }
mv /opt/tuantu/edge.new /opt/tuantu/edge && rm -rf /opt/tuantu/edge.old
cp README.md LICENSE /opt/tuantu/
[ -x /opt/tuantu/.venv/bin/python ] || python3 -m venv --system-site-packages /opt/tuantu/.venv
/opt/tuantu/.venv/bin/python -m pip install -q --disable-pip-version-check --no-input --no-deps --require-hashes \
    -r requirements/edge.txt
/opt/tuantu/.venv/bin/python -m compileall -q /opt/tuantu/edge
if [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then  # what is built in a person's checkout stays theirs
    runuser -u "$SUDO_USER" -- sh deploy/setup.sh pages
else
    sh deploy/setup.sh pages
fi
rm -rf /opt/tuantu/pages && cp -R dashboards/dist /opt/tuantu/pages

# 4. The site's file, once: then it is yours.
install -d -o root -g tuantu -m 750 /etc/tuantu
if [ ! -e /etc/tuantu/site.toml ]; then
    sed -e 's|^data_dir = "data"|data_dir = "/var/lib/tuantu"|' -e 's|^pages_dir = "dashboards/dist"|pages_dir = "/opt/tuantu/pages"|' \
        deploy/site.example.toml > /etc/tuantu/site.toml
    : > /etc/tuantu/broker-password
fi
chown root:tuantu /etc/tuantu/* && chmod 640 /etc/tuantu/*

# 5. The units.
install -m 644 deploy/pi/tuantu-agent.service deploy/pi/tuantu-certificate.path deploy/pi/tuantu-certificate.service /etc/systemd/system/
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable -q tuantu-agent.service tuantu-certificate.path
    systemctl start tuantu-certificate.path
    systemctl try-restart tuantu-agent.service
else
    systemctl enable -q tuantu-agent.service tuantu-certificate.path
fi
say "installed. Now, as root:"
say "  1. write operator, site, broker and scanner into /etc/tuantu/site.toml"
say "  2. the site's password at the broker into /etc/tuantu/broker-password"
say "  3. cd /opt/tuantu && runuser -u tuantu -- .venv/bin/python -m edge devices --config /etc/tuantu/site.toml"
say "  4. systemctl start tuantu-agent"
