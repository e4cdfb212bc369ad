#!/bin/sh
# A Sentinel of three, two of which agree before another server becomes the primary. It writes its own configuration: /data.
set -eu
password=$(cat /run/secrets/redis_password)
[ -e /data/sentinel.conf ] || cat > /data/sentinel.conf <<CONFIG
port 26379
dir /data
protected-mode no
sentinel monitor voxfleet 10.90.0.11 6379 2
sentinel auth-pass voxfleet $password
sentinel down-after-milliseconds voxfleet 1000
sentinel failover-timeout voxfleet 10000
sentinel parallel-syncs voxfleet 1
CONFIG
exec redis-sentinel /data/sentinel.conf
