#!/bin/sh
# A Redis server of three: primary or replica as the Sentinels say, so that one that comes back after a failover does not take
# itself for the primary. Before there are Sentinels to ask, the first is it.
set -eu
password=$(cat /run/secrets/redis_password)
primary=10.90.0.11
for sentinel in 10.90.0.21 10.90.0.22 10.90.0.23; do
  named=$(timeout 2 redis-cli -h "$sentinel" -p 26379 --raw sentinel get-master-addr-by-name voxfleet 2>/dev/null | head -n 1) || continue
  case $named in 10.*) primary=$named && break ;; esac
done
# To the disk once a second: at most one second of sessions is lost with a machine, none with a process.
{
  echo "requirepass $password"
  echo "masterauth $password"
  [ "$primary" = "$REDIS_ADDRESS" ] || echo "replicaof $primary 6379"
} > /tmp/redis.conf
exec redis-server /tmp/redis.conf --appendonly yes --appendfsync everysec --dir /data \
  --maxmemory 1500mb --maxmemory-policy noeviction --protected-mode no
