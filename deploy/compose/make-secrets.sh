#!/bin/sh
# Writes the secrets of docker-compose.production.yml into a folder (.voxfleet/secrets, unless SECRETS or an argument names another); keeps what is there.
#   deploy/compose/make-secrets.sh [folder]
set -eu
folder=${1:-${SECRETS:-.voxfleet/secrets}}
umask 077
mkdir -p "$folder"
random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
# Readable for the containers' users, who are not this one; the folder is closed to everybody else.
write() { [ -e "$folder/$1" ] || { printf '%s\n' "$2" > "$folder/$1"; chmod 0644 "$folder/$1"; }; }

[ -e "$folder/nats_url" ] || {
  nats=$(random)
  write nats_url "nats://voxfleet:$nats@nats:4222,nats://voxfleet:$nats@nats-2:4222,nats://voxfleet:$nats@nats-3:4222"
  write nats_authorization "authorization { user: voxfleet, password: \"$nats\" }
cluster {
  name: voxfleet
  port: 6222
  authorization { user: route, password: \"$nats\" }
  routes: [ \"nats://route:$nats@nats:6222\", \"nats://route:$nats@nats-2:6222\", \"nats://route:$nats@nats-3:6222\" ]
}"
}
[ -e "$folder/redis_url" ] || {
  redis=$(random)
  write redis_password "$redis"
  # With a user's name the password is shown to the servers alone: Sentinels have none.
  write redis_url "redis+sentinel://default:$redis@10.90.0.21:26379,10.90.0.22:26379,10.90.0.23:26379/voxfleet"
}
write api_keys "$(random)"
write operator_tokens "$(random)"
write grafana_password "$(random)"
