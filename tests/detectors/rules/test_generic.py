"""What decides the precision of the generic rules: the value's shape beside the name, in real syntaxes."""

from __future__ import annotations

import uuid
from random import Random

import pytest

from shipped_rules import shipped_scanner

PROVIDERS = ("generic", "http", "jwt", "oauth", "smtp", "redis", "mysql", "postgres")
LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"


def password(seed: int) -> str:
    """What a careful person or a generator chooses: letters, digits, a sign."""
    rng = Random(seed)
    body = "".join(rng.choices(LETTERS, k=7)) + "".join(rng.choices("2345679", k=3))
    return body[:5] + rng.choice("!#@") + body[5:]


def secret(seed: int, size: int = 32) -> str:
    rng = Random(seed)
    drawn = [*rng.choices(LETTERS, k=size - 6), *rng.choices("2345679", k=6)]
    rng.shuffle(drawn)
    return "".join(drawn)


def found(text: str) -> list[bytes]:
    return [f.secret for f in shipped_scanner(*PROVIDERS).scan(text.encode())]


@pytest.mark.parametrize(
    "template",
    [
        "DB_PASSWORD={}\n",
        "export DB_PASSWORD='{}'\n",
        "  password: {}\n",
        '  "password": "{}",\n',
        "$config['password'] = '{}';\n",
        'final String password = "{}";\n',
        "password := `{}`\n",
        "<password>{}</password>\n",
        '<property name="password" value="{}"/>\n',
        "mysqldump --password={} shop\n",
        "DB_PASS={}\n",
        "dbPass: {}\n",
        "define('DB_PASS', '{}');\n",
        "auth: {{ user: 'ann', pass: '{}' }}\n",
        'passwort = "{}"\n',
        "tool --password {} --verbose\n",
        "set_option('password', '{}')\n",
        "ENV ADMIN_PASSWORD {}\n",
        'master_user_password = "{}"\n',
        '{{\\"password\\": \\"{}\\"}}\n',
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_password_is_found_whole_in_each_syntax(template: str, seed: int) -> None:
    value = password(seed)

    assert found(template.format(value)) == [value.encode()]


@pytest.mark.parametrize(
    "template",
    [
        "API_KEY={}\n",
        'api_key = "{}"\n',
        "apiKey: '{}',\n",
        '"client_secret": "{}"\n',
        '<add key="ApiSecret" value="{}" />\n',
        "--auth-token {}\n",
        "Authorization: Bearer {}\n",
        "const token = '{}';\n",
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_secret_is_found_whole_in_each_syntax(template: str, seed: int) -> None:
    value = secret(seed)

    assert found(template.format(value)) == [value.encode()]


@pytest.mark.parametrize(
    "template", ["TOKEN={}\n", "export DEPLOY_TOKEN={}\n", "  token: {}\n", "runner --token {} --once\n"]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_token_needs_no_quotes(template: str, seed: int) -> None:
    value = secret(seed)

    assert found(template.format(value)) == [value.encode()]


@pytest.mark.parametrize("value", ["kale4river8stone", "Monkey77dragon12", "9lives0fthecat7"])
def test_words_mixed_with_digits_are_a_password(value: str) -> None:
    assert found(f"  password: {value}\n") == [value.encode()]


@pytest.mark.parametrize(
    "template",
    [
        "mysql -u root -p{} shop\n",
        "mysql -uroot -p'{}' -h db.acme.io\n",
        "mysqldump --single-transaction -p{}\n",
        "mysql -u root --password {}\n",
        "docker login -u ann -p {} registry.acme.io\n",
        "mongosh -u root -p '{}' db.acme.io\n",
        "redis-cli -h cache.acme.io -a {} ping\n",
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_password_of_a_command_is_found(template: str, seed: int) -> None:
    value = password(seed)

    assert found(template.format(value)) == [value.encode()]


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password()",
        "password = os.environ['APP_PASSWORD2']",
        "password = request.form.get('password2')",
        "password: ${DB_PASSWORD}",
        "password: {{ vault_db_password2 }}",
        "passwd=%s port=%d",
        "password=$1",
        '"password": "Passwort",',
        '"password": "Mot de passe",',
        '"password.min_length": "Das Passwort muss 8 Zeichen haben",',
        "def check(password: str, password_confirmation: Optional[str] = None) -> bool:",
        "private readonly passwordEncoder: BCryptPasswordEncoder2;",
        "password = Column(String(255), nullable=False)",
        '<input type="password" name="password" id="user_password1" class="form-control-lg2">',
        "input[type=password]:focus { outline: 2px }",
        "--password-file /run/secrets/db2",
        "The password must be at least 8 characters long, see section-4.2.1.",
        "  -p, --password=PASSWORD1  read the password from FILE",
        "password = 'changeme123'",
        "password = 'password123'",
        "password = '********12'",
        "password = 'test1234'",
        "PASSWORD=<your-password-1>",
        "password_url = 'https://acme.io/reset/1234'",
        "password_changed_at: 2024-01-02T10:00:00Z",
        "password_digest = 'd41d8cd98f00b204e9800998ecf8427e'",
        "struct passwd *pwd = getpwuid(getuid());",
        "pwd = '/srv/app/releases/20240101'",
        "api_key = self.api_key_from_header_2",
        "api_key: str = Field(default=None, alias='x-api-key-2')",
        "secret: ${{ secrets.DEPLOY_KEY_2024 }}",
        "secretKeyRef:\n  name: my-service-credentials-v2\n",
        "secret_id = 'b3f1c2d4-1111-4222-8333-abcdefabcdef'",
        "api_key_sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'",
        "token = request.headers['X-Token-Version2']",
        "token = 'continuation-of-the-list-2'",
        "next_token: Zk39Qx81LmN02pRtUvWx77YzAbZk39Qx81LmN02p",
        "nextPageToken=Zk39Qx81LmN02pRtUvWx77YzAbZk39Qx81LmN02p",
        "csrf-token: Zk39Qx81LmN02pRtUvWx77YzAbZk39Qx81LmN02p",
        "token: projects_my-project_locations_europe-west1_secrets_2",
        "token=com_acme_service_internal_TokenProviderImpl2Factory",
        "token = TokenStreamRewriterForTheSecondPassOfParser2",
        "request_token: b3f1c2d4-1111-4222-8333-abcdefabcdef",
        "mysql -u root -p shop",
        "mysql -u root -ppassword shop",
        "mysql -u root -p$MYSQL_PWD_2 shop",
        "docker run --name mysql -p3306:3306 -d mysql:8",
        "docker run --name mongo -p 27017:27017 -d mongo:7",
        "docker login -u ann --password-stdin < token1.txt",
        "redis-cli -a $REDIS_AUTH_2 ping",
        "bypass: 'kX3vB9nQ2mZ7'",
        "pass: 'test_something_new2'",
        "pass = '/srv/app/pass2.txt'",
        "user_pass = request.form['user_pass2']",
        "db_pass: ${DB_PASS_2}",
        "render pass: 'shadow-pass-2'",
        "csrf_token = 'Zk39Qx81LmN02pRtUvWx77YzAb'",
        "API_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "API_KEY=YOUR_API_KEY_HERE_1234567890",
        "Authorization: Bearer <token>",
        "Authorization: Bearer $ACCESS_TOKEN_2",
        "access_token_url = 'https://acme.io/oauth2/token/v2'",
    ],
)
def test_code_markup_and_prose_are_quiet(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("scheme", ["https", "wss", "ldap", "imap", "svn+ssh", "clickhouse"])
def test_a_url_with_a_login_of_any_scheme_is_found_with_its_scope(scheme: str) -> None:
    value = secret(3, 16)

    (finding,) = shipped_scanner(*PROVIDERS).scan(f"x = {scheme}://Ann:{value}@db.acme.io:99/x\n".encode())

    assert (finding.rule.id, finding.secret) == ("generic-url-login", value.encode())
    assert finding.scope == b"ann@db.acme.io"


def test_a_scheme_with_a_rule_of_its_own_is_told_by_it() -> None:
    text = f"DATABASE_URL=postgresql://ann:{secret(4, 16)}@db.acme.io/shop\n".encode()

    assert [f.rule.id for f in shipped_scanner(*PROVIDERS).scan(text)] == ["postgres-uri"]


@pytest.mark.parametrize(
    "url",
    [
        "postgres://user:password@localhost:5432/app",
        "postgres://app:dragon77@127.0.0.1/app",
        "postgres://app:summer2019@db.internal.example.com:5432/app",
        "postgres://app:p4ssw0rd-of-mine@db.example.org/app",
        "https://ann:s3cret77@your-host/",
        "https://user:pass@acme.io/",
        "https://${{USER}}:${{PASS}}@acme.io/",
        "https://<user>:<password>@acme.io/",
        "https://acme.io:8443/@scope/pkg",
        "mysql://root:root@db/app",
        "redis://:changeme@cache:6379",
    ],
)
def test_urls_with_dummies_or_a_weak_password_on_nobodys_host_are_quiet(url: str) -> None:
    assert found("url: " + url.format()) == []


@pytest.mark.parametrize(
    "host", ["db.internal.example.com:5432", "localhost", "127.0.0.1", "host", "db.acme.io"]
)
@pytest.mark.parametrize("scheme", ["postgres", "mysql", "redis", "https"])
def test_a_strong_password_is_found_whatever_the_host(scheme: str, host: str) -> None:
    value = secret(5, 14)

    assert found(f"url: {scheme}://app:{value}@{host}/prod") == [value.encode()]


def test_a_jwt_in_a_bearer_header_is_one_finding() -> None:
    from detectors.synthetic import secret_for
    from shipped_rules import shipped

    token = secret_for(shipped(*PROVIDERS)["jwt-token"], Random(6))

    (finding,) = shipped_scanner(*PROVIDERS).scan(b"Authorization: Bearer " + token + b"\n")

    assert (finding.rule.id, finding.secret) == ("jwt-token", token)


@pytest.mark.parametrize(
    "template",
    [
        "cf login -a api.acme.io -u ann -p {}\n",
        "ipmitool -H 10.1.2.3 -U admin -P {} power on\n",
        'mysqli_connect("h1", "ann", "{}", "d");\n',
        "requests.get(url, auth=('ann', '{}'))\n",
        'req.SetBasicAuth("ann", "{}")\n',
        '- name: DB_PASSWORD\n  value: "{}"\n',
        '{{"key": "password", "type": "string", "value": "{}"}}\n',
        '<property name="password">\n  <value>{}</value>\n</property>\n',
        "<key>password</key>\n<string>{}</string>\n",
        'variable "db_password" {{\n  type    = string\n  default = "{}"\n}}\n',
        "password for root is {}\n",
        "Password - {}\n",
        "ssh root@h1 (pw {})\n",
        "pw: {}\n",
        'let pw = "{}";\n',
        'expect "assword:"\nsend "{}\\r"\n',
        "INSERT INTO users VALUES (1, 'ann', '{}');\n",
        "root password is `{}` on all boxes\n",
        "creds: ann:{}\n",
        "<UserPassword>{}</UserPassword>\n",
        "<password>\n  {}\n</password>\n",
        "cy.get('#password').type('{}')\n",
        "lftp -u ann,{} ftp.acme.io\n",
        "rabbitmqctl add_user ann {}\n",
        "curl -X POST \\\n  -u ann:{} https://acme.io\n",
        "db_pw = {}\n",
    ],
)
@pytest.mark.parametrize("value", ["Kale4river8Stone", "Xq7vTz92w"])
def test_a_password_is_found_where_no_sign_of_a_language_joins_it_to_its_name(
    template: str, value: str
) -> None:
    assert found(template.format(value)) == [value.encode()]


@pytest.mark.parametrize(
    "template",
    [
        "- name: API_KEY\n  value: {}\n",
        '{{"name": "Authorization", "value": "Bearer {}"}}\n',
        "<key>ApiKey</key>\n  <string>{}</string>\n",
        "my api key is {}\n",
        "token {} expires soon\n",
        "Secret Key     {}\n",
        "appKey={}\n",
        "credentials: {}\n",
        "shared_secret {}\n",
        "<token>{}</token>\n",
        "auth header: Bearer {}\n",
        '"apikey": [{{"key": "value", "value": "{}"}}]\n',
        'new AuthenticationHeaderValue("Bearer", "{}");\n',
        "curl -u {}: https://acme.io/v1\n",
        "curl -v -u {}:X https://acme.io/v1\n",
        "requests.get(url, auth=('{}', ''))\n",
        "curl -H 'Authorization: AcmeKey {}' https://acme.io\n",
        "requests.post(u, headers={{'authorization': '{}'}})\n",
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_secret_is_found_where_no_sign_of_a_language_joins_it_to_its_name(template: str, seed: int) -> None:
    value = secret(seed)

    assert found(template.format(value)) == [value.encode()]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("API_KEY={}\n", True),
        ("my api key is {}\n", False),
        ("tool --token {}\n", True),
        ("Authorization: GenieKey {}\n", True),
        ("X-Acme-Token: {}\n", True),
        ("clientRequestToken: {}\n", False),
        ("Idempotency-Key: {}\n", False),
        ("api_key_id = {}\n", False),
    ],
)
def test_a_uuid_is_a_secret_only_where_the_place_says_so(template: str, expected: bool) -> None:
    value = str(uuid.UUID(int=Random(5).getrandbits(128)))

    assert (found(template.format(value)) == [value.encode()]) is expected


@pytest.mark.parametrize("scheme", ["redis", "amqp", "mongodb", "postgres", "mysql", "smtp"])
@pytest.mark.parametrize("value", ["Kale@River92x", "Guit@rh0r@92q", "Kale#River92x"])
def test_the_password_of_a_url_is_whole_with_the_signs_that_people_leave_in_it(
    scheme: str, value: str
) -> None:
    scanner = shipped_scanner("generic", "redis", "rabbitmq", "mongodb", "postgres", "mysql", "smtp")

    findings = scanner.scan(f"URL={scheme}://ann:{value}@db1.acme.io/x\n".encode())

    assert [(f.rule.provider != "generic", f.secret) for f in findings] == [(True, value.encode())]
