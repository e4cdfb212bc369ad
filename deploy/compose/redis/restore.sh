#!/bin/sh
# Puts a backup (standard input, as `redis-cli --rdb -` wrote it) in the place of everything this server has stored. The server
# must be down. What is no whole backup changes nothing.
set -eu
cat > /data/restored.rdb
redis-check-rdb /data/restored.rdb > /tmp/check 2>&1 || { cat /tmp/check >&2; rm /data/restored.rdb; exit 1; }
# A server that appends to a log reads that alone: the backup becomes the base of a new one.
rm -rf /data/appendonlydir
mkdir /data/appendonlydir
mv /data/restored.rdb /data/appendonlydir/appendonly.aof.1.base.rdb
echo 'file appendonly.aof.1.base.rdb seq 1 type b' > /data/appendonlydir/appendonly.aof.manifest
