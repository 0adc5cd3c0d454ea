"""The corpus's raw material: what a few lines of each language look like, and which words fill them.

A template's `{a}` to `{d}` become words, `{n}` a small number, `{sha1}`, `{sha256}`, `{md5}`, `{uuid}`, `{sri}`, `{b64}` values that
look like secrets and are none. Hosts are of the reserved kind (example.org, .test, .invalid), never a watched domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_WORDS: Final = """
account address agent amount archive batch billing branch bucket buffer cache cart catalog channel client
cluster color column comment config counter country course currency customer dashboard dataset delivery
device document domain driver editor element employee engine entry error event export feature field
filter folder form gateway graph group handler header history image import index invoice item job journal
label language layer layout ledger level library limit listener loader location logger manager mapper
market member menu message metric model module monitor network node note notice number object offer
option order owner packet page parser partner payment period person picture pipeline place player policy
portal price printer process product profile project queue reader record region report request resource
result review role route runner sample schedule schema score screen script search section segment sensor
server service session shape shipment signal site source stage state station status stock storage stream
student style subject summary supplier survey symbol system table target task team template tenant theme
thread ticket timer topic track trade transfer tree user value vector vendor version video view visitor
volume wallet warehouse weather widget window worker
"""
_FIRST_NAMES: Final = """
Ada Bo Cem Dana Eli Fay Gus Hana Ivo Jun Kim Lea Mio Nia Oda Pat Ren Sam Tia Uma
"""
_LAST_NAMES: Final = """
Abel Berg Cole Dorn Eck Falk Graf Holm Ihle Jung Kern Lind Moor Nord Orth Pohl Quast Ried Stein Thal
"""
_VERBS: Final = """
add fix move drop tidy speed up rework test document rename split handle
"""
WORDS: Final = tuple(_WORDS.split())
FIRST_NAMES: Final = tuple(_FIRST_NAMES.split())
LAST_NAMES: Final = tuple(_LAST_NAMES.split())
VERBS: Final = tuple(_VERBS.split())


@dataclass(frozen=True, slots=True)
class Language:
    """`hash` begins a comment; `name` is what Pastebin calls the syntax."""

    extension: str
    comment: str
    name: str
    weight: int
    head: str
    blocks: tuple[str, ...]


LANGUAGES: Final = (
    Language(
        "py",
        "#",
        "python",
        9,
        "from __future__ import annotations\n\nimport {a}\nfrom {b}.{c} import {d}\n\n",
        (
            "def {a}_{b}({c}, {d}=None):\n    if {d} is None:\n        {d} = []\n    for {a} in {c}:\n        {d}.append({a}.{b})\n    return {d}\n\n",
            "class {a}{b}:\n    def __init__(self, {c}):\n        self.{c} = {c}\n        self.{d} = {n}\n\n    def {b}(self):\n        return self.{c}[: self.{d}]\n\n",
            '{a}_url = "https://{b}.example.org/v{n}/{c}"\n{d} = os.environ["{a}_TOKEN"]\n\n',
            '@pytest.mark.parametrize("{a}", [{n}, {n}{n}])\ndef test_{b}_{c}({a}):\n    assert {b}({a}) == {n}\n\n',
            '# see commit {sha1}\nCHECKSUMS = {{"{a}.tar.gz": "sha256:{sha256}"}}\n\n',
        ),
    ),
    Language(
        "js",
        "//",
        "javascript",
        9,
        "'use strict';\n\nconst {a} = require('{b}');\nconst {{ {c} }} = require('./{d}');\n\n",
        (
            "function {a}({b}, {c}) {{\n  return {b}.filter((x) => x.{c} > {n}).map((x) => x.{d});\n}}\n\n",
            "export async function {a}({b}) {{\n  const res = await fetch(`/api/{c}/${{{b}.id}}`);\n  if (!res.ok) throw new Error('{d} failed');\n  return res.json();\n}}\n\n",
            "const {a}Id = '{uuid}';\nmodule.exports = {{ {b}, {c}, {d}: {n} }};\n\n",
            '<script src="/{a}.js" integrity="{sri}" crossorigin="anonymous"></script>\n\n',
        ),
    ),
    Language(
        "go",
        "//",
        "go",
        5,
        'package {a}\n\nimport (\n\t"context"\n\t"fmt"\n)\n\n',
        (
            'func {a}(ctx context.Context, {b} string) (int, error) {{\n\tif {b} == "" {{\n\t\treturn 0, fmt.Errorf("no {c}")\n\t}}\n\treturn {n}, nil\n}}\n\n',
            'type {a} struct {{\n\t{b} string `json:"{b}"`\n\t{c} int    `json:"{c}"`\n\t{d} bool   `json:"{d}"`\n}}\n\n',
            '// {a}.example.org/{b} v0.{n}.1 h1:{b64}=\nvar {c} = map[string]int{{"{d}": {n}}}\n\n',
        ),
    ),
    Language(
        "java",
        "//",
        "java",
        5,
        "package org.example.{a}.{b};\n\nimport java.util.List;\n\n",
        (
            "public class {a} {{\n    private final String {b};\n\n    public {a}(String {b}) {{\n        this.{b} = {b};\n    }}\n\n    public int {c}() {{\n        return {b}.length() + {n};\n    }}\n}}\n\n",
            '    @Test\n    void {a}Of{b}() {{\n        assertEquals({n}, new {c}("{d}").{b}());\n    }}\n\n',
            "    private static final long serialVersionUID = {n}{n}{n}{n}L;\n    // {uuid}\n\n",
        ),
    ),
    Language(
        "yaml",
        "#",
        "yaml",
        5,
        "version: '3'\n\n",
        (
            '{a}:\n  image: {b}/{c}@sha256:{sha256}\n  ports:\n    - "{n}080:80"\n  environment:\n    {d}: "{n}"\n\n',
            "- name: {a} {b}\n  uses: {c}/{d}@{sha1}\n  with:\n    token: ${{{{ secrets.{a}_TOKEN }}}}\n\n",
            "{a}:\n  {b}: {n}\n  {c}: [{d}, {b}]\n  id: {uuid}\n\n",
        ),
    ),
    Language(
        "env",
        "#",
        "bash",
        3,
        "# copy to .env and fill in\n",
        (
            "{a}_HOST={b}.example.org\n{a}_PORT={n}306\n{a}_PASSWORD=<your-password>\n\n",
            "{a}_API_KEY=YOUR_API_KEY_HERE\n{b}_URL=http://{c}.test:{n}000/{d}\n\n",
            "{a}_TRACE={uuid}\n{b}_DEBUG=false\n{c}_SECRET=${{{d}_SECRET}}\n\n",
        ),
    ),
    Language(
        "json",
        "//",
        "json",
        4,
        "{{\n",
        (
            '  "{a}": {{ "version": "{n}.0.1", "resolved": "https://{b}.test/{c}/-/{c}-{n}.tgz", "integrity": "{sri}" }},\n',
            '  "{a}": {{ "{b}": {n}, "{c}": true, "etag": "{md5}" }},\n',
            '  "{a}": {{ "id": "{uuid}", "{d}": ["{b}", "{c}"] }},\n',
        ),
    ),
    Language(
        "sh",
        "#",
        "bash",
        3,
        "#!/bin/sh\nset -eu\n\n",
        (
            '{a}=$(mktemp)\ncurl -fsS "https://{b}.example.org/{c}.tar.gz" -o "${a}"\necho "{sha256}  ${a}" | sha256sum -c -\n\n',
            'for {a} in {b} {c} {d}; do\n  echo "${a}" >> {b}.log\ndone\n\n',
            'export {a}_TOKEN="$(cat /run/secrets/{b})"\n{c} --{d} {n}\n\n',
        ),
    ),
    Language(
        "tf",
        "#",
        "text",
        2,
        'terraform {{\n  required_version = ">= 1.5"\n}}\n\n',
        (
            'resource "{a}_{b}" "{c}" {{\n  name  = "{c}-{d}"\n  count = {n}\n  key   = var.{d}_key\n}}\n\n',
            'variable "{a}_secret" {{\n  type      = string\n  sensitive = true\n}}\n\n',
        ),
    ),
    Language(
        "md",
        "#",
        "markdown",
        4,
        "# {a} {b}\n\n",
        (
            "## {a}\n\nThe {b} keeps each {c} until the {d} is done; see `{a}.{b}()`.\n\n",
            "```\npip install {a}-{b}\n{a} --{c} {n} --token <your-token-here>\n```\n\n",
            "- {a}: {b} of the {c} ([#{n}{n}](https://{d}.example.org/issues/{n}{n}))\n- {sha1}\n\n",
        ),
    ),
    Language(
        "log",
        "#",
        "text",
        2,
        "",
        (
            "2026-06-0{n} 12:0{n}:11 INFO [{a}] {b} {c} took {n}{n} ms id={uuid}\n",
            "2026-06-0{n} 12:1{n}:42 WARN [{a}] {b} retry {n} of 5, digest {md5}\n",
            "2026-06-0{n} 12:2{n}:07 INFO [{a}] checked out {sha1} for {d}\n",
        ),
    ),
)
