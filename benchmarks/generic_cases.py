"""Places, values and look-alikes for `benchmarks.generic`: texts in which `@@` stands for the secret, by group.

All values are made at run time; nothing here is anybody's.
"""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

Maker = Callable[[random.Random], str]

_HERE: Final = Path(__file__).parent
_WORDS: Final = tuple(re.findall(r"\w+", """
    summer winter dragon monkey silver castle hunter falcon purple coffee garden rocket tiger banana sunshine flo
    wer london berlin madrid shadow master michael jordan thunder orange cookie river stone cloud peter maria anna
"""))  # fmt: skip
_SIGNS: Final = "!#$%&*@?._-+^~"

PASSWORD_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "code": (
        'password = "@@"',
        "db_password = '@@'",
        'String password = "@@";',
        'private static final String PASSWORD = "@@";',
        'var pwd = "@@";',
        "$pass = '@@';",
        "$config['db_password'] = '@@';",
        "'password' => '@@',",
        "define('DB_PASSWORD', '@@');",
        'const passphrase = "@@"',
        'let userPassword: String = "@@"',
        'val dbPass = "@@"',
        'password := "@@"',
        'std::string passwd = "@@";',
        '#define WIFI_PASSWORD "@@"',
        'const char* password = "@@";',
        'char pass[] = "@@";',
        'props.put("password", "@@");',
        'ds.setPassword("@@");',
        'Password: "@@",',
        'self.password = "@@"',
        "password: '@@',",
        "password='@@')",
        'PASSWORD=r"@@"',
        'def connect(host, user="svc", password="@@"):',
        "mysql_connect('db1', 'app', '@@');",
        'smtp.login("svc@acme.io", "@@")',
        'new NetworkCredential("svc", "@@")',
        "auth=('svc', '@@')",
        'requests.get(u, auth=("svc", "@@"))',
        'auth: { user: "svc", pass: "@@" }',
        'DriverManager.getConnection(url, "app", "@@")',
        'ConvertTo-SecureString "@@" -AsPlainText -Force',
        'password <- "@@"',
        "@password = N'@@'",
        'my $password = "@@";',
        'local password = "@@"',
        'HTTPBasicAuth("svc", "@@")',
        "credentials('svc', '@@')",
        'pymysql.connect(host="h", user="u", passwd="@@")',
        'ftp.login(user="svc", passwd="@@")',
        '"keyStorePassword", "@@"',
    ),
    "config": (
        "password: @@\n",
        "  db_password: '@@'\n",
        "spring.datasource.password=@@\n",
        '{"password": "@@"}',
        '"DB_PASS" : "@@",',
        "DB_PASSWORD=@@\n",
        "export MYSQL_ROOT_PASSWORD=@@\n",
        "export DB_PASS='@@'",
        "ENV ADMIN_PASSWORD @@\n",
        "ENV ADMIN_PASSWORD=@@\n",
        "ARG DB_PASS=@@\n",
        "ansible_ssh_pass=@@ ansible_user=x",
        "ansible_become_pass: @@\n",
        "passwd = @@\n",
        "[db]\nuser = app\npwd = @@\n",
        "stringData:\n  password: @@\n",
        'variable "db_password" {\n  default = "@@"\n}',
        '  password             = "@@"\n',
        "POSTGRES_PASSWORD: @@\n",
        "- MYSQL_PASSWORD=@@\n",
        "ldap.bind.password @@\n",
        "requirepass @@\n",
        "machine acme.io login svc password @@\n",
        "Password=@@\n",
        "smtp_pass = @@\n",
    ),
    "markup": (
        "<password>@@</password>",
        '<add key="Password" value="@@"/>',
        '<user name="svc" password="@@" roles="x"/>',
        '<property name="password" value="@@"/>',
        '<property name="connection.password">@@</property>',
        "<db-password>@@</db-password>",
        '<Password xmlns="x">@@</Password>',
        '<entry key="db.password">@@</entry>',
        "<string>password</string>\n<string>@@</string>",
    ),
    "cli": (
        "tool --password @@ --x\n",
        "tool --password=@@\n",
        "mysql -u root -p@@ app\n",
        "mysqldump -uapp -p@@ app > x.sql\n",
        "curl -u svc:@@ https://acme.io\n",
        "curl --user 'svc:@@' https://acme.io\n",
        "sshpass -p @@ ssh svc@h\n",
        "sshpass -p '@@' ssh h\n",
        "PGPASSWORD=@@ psql -h h\n",
        "MYSQL_PWD=@@ mysql\n",
        "net use Z: \\\\h\\s @@ /user:svc\n",
        "docker login -u svc -p @@ acme.io\n",
        "wget --user=svc --password=@@ http://x\n",
        "echo @@ | sudo -S ls\n",
        "openssl enc -pass pass:@@ -in x\n",
        "echo 'svc:@@' | chpasswd\n",
        "redis-cli -a @@ ping\n",
        "htpasswd -b file svc @@\n",
        "keytool -storepass @@ -alias x\n",
        "sqlcmd -S h -U sa -P @@\n",
        "ldapsearch -D cn=x -w @@ -b dc=y\n",
        "smbclient //h/s -U svc%@@\n",
        "7z x -p@@ a.7z\n",
    ),
    "sql": (
        "CREATE USER app IDENTIFIED BY '@@';",
        "ALTER USER 'app'@'%' IDENTIFIED BY '@@';",
        "CREATE ROLE app WITH LOGIN PASSWORD '@@';",
        "GRANT ALL ON x.* TO 'a'@'h' IDENTIFIED BY '@@'",
        "CREATE LOGIN app WITH PASSWORD = '@@';",
        "SET PASSWORD FOR 'a'@'h' = PASSWORD('@@');",
        "INSERT INTO users (username, password) VALUES ('svc', '@@');",
        "UPDATE users SET password = '@@' WHERE id = 1;",
        'identified by "@@"',
    ),
    "connection": (
        '"Server=h;Database=d;User Id=app;Password=@@;"',
        "Data Source=h;User ID=app;Pwd=@@;",
        "Driver={X};Server=h;Uid=app;Pwd=@@;",
        "host=h user=app password=@@ dbname=d",
        "jdbc:mysql://h/d?user=app&password=@@",
        "jdbc:sqlserver://h;user=app;password=@@;",
        "jdbc:oracle:thin:app/@@@h:1521/x",
        "h:6379,password=@@,ssl=True",
        "//h/s -o username=app,password=@@",
    ),
    "prose": (
        "# password: @@\n",
        "// login: admin / @@\n",
        "Username: svc  Password: @@\n",
        "user: svc\npass: @@\n",
        "The password is @@\n",
        "pw is @@\n",
        "pw: @@\n",
        "Passwort: @@\n",
        "mot de passe : @@\n",
        "Kennwort: @@\n",
        "contraseña: @@\n",
        "пароль: @@\n",
        "密码: @@\n",
        "login svc, password @@\n",
        "| admin | @@ |\nuser | password\n",
        "admin/@@ (login)\n",
        "PIN/password = @@\n",
        "parola: @@\n",
        "wachtwoord: @@\n",
        "lösenord: @@\n",
        "senha: @@\n",
    ),
}
SECRET_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "code": (
        'api_key = "@@"',
        "apiKey: '@@',",
        'const API_SECRET = "@@";',
        'String accessToken = "@@";',
        "client_secret='@@'",
        'token := "@@"',
        'auth_token="@@"',
        "$secret = '@@';",
        'SECRET_KEY = "@@"',
        'private_key = "@@"',
        'key = "@@"',
        'encryptionKey = "@@"',
        'signing_key = b"@@"',
        'nonce = "@@"',
        'salt = "@@"',
        "credential = '@@'",
        'jwt.sign(payload, "@@")',
        'secret: "@@"',
        "define('AUTH_KEY', '@@');",
        'auth = "@@"',
        'app.secret_key = "@@"',
        'conf.set("api.token", "@@")',
        'AppSecret = @"@@"',
        "let apikey = `@@`",
        'static let kApiKey = "@@"',
        '"x-api-key": "@@"',
        'session({ secret: "@@" })',
        "consumer_secret => '@@'",
        'hmac.new(b"@@", m)',
        'private const string AccessKey = "@@";',
        'access_key_secret="@@"',
    ),
    "config": (
        "api_key: @@\n",
        "API_KEY=@@\n",
        "export SECRET_KEY='@@'\n",
        '{"client_secret": "@@"}',
        '"token": "@@"',
        "secret_key_base: @@\n",
        "auth_token = @@\n",
        "app.jwt.secret=@@\n",
        '  access_key: "@@"\n',
        "TOKEN: @@\n",
        "<apiKey>@@</apiKey>",
        '<add key="ClientSecret" value="@@"/>',
        "stringData:\n  token: @@\n",
        "ENV API_TOKEN @@\n",
        "ENCRYPTION_KEY=@@\n",
        "salt: @@\n",
        "shared_secret @@\n",
        'apikey="@@"',
        "credentials: @@\n",
        "client-secret=@@\n",
    ),
    "http": (
        "Authorization: Bearer @@\r\n",
        "X-Api-Key: @@\r\n",
        "X-Auth-Token: @@\n",
        "curl -H 'Authorization: Bearer @@' https://acme.io",
        'curl -H "X-API-Key: @@" x',
        "GET /v1/x?api_key=@@&x=1",
        "https://api.acme.io/x?access_token=@@",
        "headers = {'Authorization': 'Bearer @@'}",
        '"Authorization": "Token @@"',
        "Private-Token: @@\n",
        "?token=@@",
        "?apikey=@@&q=x",
        "headers: { authorization: `Bearer @@` }",
        "Authorization: apikey @@\n",
        "tool --token @@\n",
        "tool --api-key=@@\n",
        "tool --secret @@ x\n",
    ),
}
URLS: Final = tuple(
    f"{frame[0]}{url}{frame[1]}"
    for url in (
        "https://svc:@@@git.acme.io/x.git", "postgresql+psycopg2://app:@@@db.acme.io:5432/d", "amqp://svc:@@@mq.acme.io:5672/v", "redis://:@@@cache.acme.io:6379/0",
        "mongodb+srv://app:@@@c0.acme.mongodb.net/d", "smb://svc:@@@files.acme.io/s", "ftp://svc:@@@10.0.0.5/", "https://oauth2:@@@gitlab.acme.io/x.git",
        "https://x-access-token:@@@git.acme.io/a/b", "mysql://root:@@@[2001:db8::5]:3306/d", "ldap://cn=admin:@@@ldap.acme.io", "smtp://svc@acme.io:@@@smtp.acme.io:587",
        "http://svc:@@@proxy.corp.local:3128", "rtsp://admin:@@@192.168.1.20:554/s", "sftp://deploy:@@@h1/x", "mssql+pyodbc://sa:@@@sql1/d?driver=x", "git+https://svc:@@@git.acme.io/x@v1",
        "rediss://default:@@@r.acme.io:6380", "snowflake://u1:@@@acc/d", "clickhouse://default:@@@ch:9000/d", "nats://svc:@@@n1:4222", "socks5://svc:@@@1.2.3.4:1080", "svn+ssh://svc:@@@svn.acme.io/r",
        "mqtt://dev:@@@broker.acme.io", "imaps://me%40acme.io:@@@imap.acme.io", "vnc://:@@@10.1.1.1:5900", "postgres://app:@@@/d?host=/tmp", "jdbc:postgresql://app:@@@db.acme.io/d",
    )
    for frame in (("", "\n"), ('url = "', '"'), ("export X='", "'"), ('{"u": "', '"}'), ("see ", " for it"), ("- ", "\n"), ("<url>", "</url>"))
)  # fmt: skip

# What is none: values that stand for a secret, and lines that look like one.
DUMMIES: Final = tuple((_HERE / "generic_dummies.txt").read_text().split())
NEGATIVES: Final = tuple((_HERE / "generic_lookalikes.txt").read_text().splitlines())


def human(rng: random.Random) -> str:
    """A password that a person thought of: 6 to 14 characters."""
    word, other = rng.choice(_WORDS), rng.choice(_WORDS)
    number = str(rng.choice((rng.randint(0, 99), rng.randint(100, 9999), rng.randint(1960, 2025))))
    sign = rng.choice("!@#$%&*?._-")
    forms = (
        word.capitalize() + number + sign, word + number, word.capitalize() + sign + number, word.replace("o", "0").replace("a", "@") + number,
        number + word, word + other + number, word.upper() + number, other.capitalize() + sign + word + number, "P@ssw0rd" + number, "Admin@" + number,
        word.capitalize() + word.capitalize() + "!" + number[:1], word.replace("e", "3").replace("i", "1").capitalize() + sign, "Passw0rd!", "Qwerty" + number + sign,
        "".join(rng.choices(string.ascii_lowercase, k=rng.randint(7, 10))),
    )  # fmt: skip
    return rng.choice(forms)


def typed(rng: random.Random) -> str:
    """A generated password of 8 to 20 characters with all classes."""
    pool = string.ascii_letters + string.digits
    body = "".join(rng.choices(pool + _SIGNS, k=rng.randint(6, 18)))
    return rng.choice(string.ascii_letters) + body + rng.choice(string.digits)


def alnum(rng: random.Random) -> str:
    return "".join(
        rng.choices(string.ascii_letters + string.digits, k=rng.choice((16, 20, 24, 32, 40, 48, 64)))
    )


def lower(rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_lowercase + string.digits, k=rng.choice((16, 20, 24, 32, 40))))


def hexadecimal(rng: random.Random) -> str:
    return rng.randbytes(rng.choice((16, 20, 24, 32, 64))).hex()


def base(rng: random.Random) -> str:
    return base64.b64encode(rng.randbytes(rng.choice((16, 24, 32, 48)))).decode()


def url_base(rng: random.Random) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(rng.choice((15, 24, 30, 48)))).decode()


def percent(rng: random.Random) -> str:
    return "".join(
        rng.choice(("%23", "%40", "%21", *string.ascii_letters, *string.digits)) for _ in range(14)
    )


def symbols(rng: random.Random) -> str:
    """A password as people leave it unescaped in a URL."""
    return rng.choice(string.ascii_letters) + "".join(
        rng.choices(string.ascii_letters + string.digits + "!$%^&*()_+=#~.,;-|", k=12)
    )


PASSWORDS: Final[tuple[Maker, ...]] = (human, human, typed, alnum)
SECRETS: Final[tuple[Maker, ...]] = (alnum, lower, hexadecimal, base, url_base)
URL_PASSWORDS: Final[tuple[Maker, ...]] = (human, alnum, percent, symbols)
