"""Words that names in code are made of, and words that stand where a secret should. A value made of them is a name or a dummy."""

from __future__ import annotations

from typing import Final

COMMON: Final = frozenset(
    b"""
    access account action active add address admin agent alias all allow and any api app application apply are argument array asset
    async attribute auth authenticate authentication author authorization authorize auto aws azure backend base basic batch bearer begin
    block body bot box branch browser bucket buffer build bundle button bytes cache call callback cancel card cert certificate change
    channel char check child class clean clear click client close cloud cluster code collection column command comment common compile component
    config configuration confirm connect connection console const constant constructor consumer container content context control controller
    convert cookie copy core count create credential credentials credit crypto current custom data database date day debug decode decrypt
    default define delete demo deploy desc description detail dev developer device dialog dir directory disable display document domain
    down download driver dynamic edit editor element email empty enable encode encoded encoding encrypt encrypted end endpoint engine entity entry env
    environment error event example exception exec execute exist expire expired expires export expression external factory fail failed false
    feature fetch field file filter final find first flag float folder for force forgot form format from frontend full function generate
    generated generator get git github global google grant group handle handler has hash header help hidden home host http https icon identifier
    image import index info init initial inline inner input insert install instance int integer interface internal invalid invoke item
    json key keys label last layer layout length level lib library line link list listener load loader local location lock log
    login logout long main make manager map mapping master match max member memory menu message meta metadata method min missing mode model
    module monitor mount move multi name names native net network new next node none not note null number object oauth
    object offset old only open operation option optional options order origin other out output override owner package page param parameter
    params parent parse parser part pass passphrase passwd password path pattern payload permission personal phone placeholder platform plugin point policy pool
    port position post prefix press preview primary print priority private process producer product profile program project prompt property
    protocol provider proxy public publish push put query queue random range raw read reader ready record recovery redirect ref reference refresh region
    register registry release reload remote remove render repeat replace reply repo report repository request require required reset resource response
    rest result return reverse role root route router row rule run runtime safe sample save schema scope script search secret secrets section
    secure security select send server service services session set setting settings setup shared shell show sign signature signed signing simple single
    site size slack socket source space spec sql ssh standard start state static status step stop storage store stream string style sub
    submit success suffix support switch sync system table tag target task team temp template test testing text the theme thread time timeout
    timestamp title token tokens tool top total trace track transaction transform trigger true type undefined unique unit unknown unlock up
    update upload uri url usage use user username users using util utils valid validate validation validator value values var variable vault
    verification verify version video view wait wallet warning web webhook widget width window with word worker wrapper write writer your zone
    """.split()
)
LONGEST_WORD: Final = max(map(len, COMMON))

# What people write where a secret is wanted and mean none.
DUMMY: Final = frozenset(
    b"""
    a abc abcd access account am an and anyone api apikey app are auth authentication authorization bad bar basic baz be bearer blah blank bogus bool
    broken bye bytes care change changeit changeme ci code commit common config consumer contrasena correct cred credential credentials creds data
    database db default defined demo dev development django do dont dummy duper edit email encryption enter example extremely fake false field fill fixme
    foo for geheim generic goes guest hash hello her here hey hidden host hostname iam id in incorrect insecure insert int integration invalid ipsum is it
    its jwt keep key keyring keys letmein license local localhost login long lorem masked me mine mock mockup my mysecret name need new no none noop nope
    not note nothing null of old one or other pass passcode passphrase passwd password passwords passwort placeholder please pleasechange port private
    provide public put pw pwd qux random real redacted refresh removed replace replaced sample sauce secret secretly secrets secure sekret sekrit server
    service session set shared shh should signing some something string strong stub super supersecret tell temp template test tester testing tests text
    that the this three tmp to todo token token1 tokens top topsecret true two ultra undefined unit unknown unsafe unused update url use user username
    valid value very was webhook welcome whatever with word world wrong xxx xyz xyzzy your yours yourself
    """.split()
)

# What stands beside such a word and says which: `redispassword`, `master-key`. Alone it is a word like others, and a password of somebody.
QUALIFIER: Final = frozenset(
    b"""
    admin application aws change delete del forgot get reset retype confirm current azure backend client cloud cluster cookie core corp customer docker elastic facebook frontend ftp gcp github gitlab global good google
    grafana hmac instance jenkins kafka kube kubernetes ldap mail main manager master mongo mongodb mssql mysql network nexus node nopass oidc one oracle
    platform postgres postgresql primary prod production project proxy rabbitmq redis remote root router rsa saml service sftp site slack smtp sql ssh sso
    staging stripe super superuser sys system tempo temporary time twitter unset vault vpn web wifi wlan www
    """.split()
)
LONGEST_DUMMY: Final = max(map(len, DUMMY | QUALIFIER))
