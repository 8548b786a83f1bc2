set -eu
password=$(cat "$MARIADB_PASSWORD_FILE")
if [ ! -d /var/lib/mysql/mysql ]; then
  mariadb-install-db --no-defaults --datadir=/var/lib/mysql --auth-root-authentication-method=normal --skip-test-db >/dev/null
fi
cat >/tmp/init.sql <<SQL
create database if not exists $MARIADB_DATABASE character set utf8mb4;
create user if not exists '$MARIADB_USER'@'%' identified by '$password';
grant all on $MARIADB_DATABASE.* to '$MARIADB_USER'@'%';
SQL
exec "$@" --no-defaults --datadir=/var/lib/mysql --socket=/run/mysqld/mysqld.sock --init-file=/tmp/init.sql \
  --skip-name-resolve --innodb-buffer-pool-size=64M
