"""What a local Kafka node needs for one listener with TLS, SASL and access rights: made at run time, worth nothing elsewhere."""

from __future__ import annotations

import datetime as dt
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LISTENER: Final = "listener.name.secure."
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
_VALID: Final = dt.timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Security:
    """`passwords` by user, for SCRAM-SHA-512 and for PLAIN; `ca_file` is what a client trusts. Of all nodes of a cluster."""

    ca_file: Path
    keystore: Path
    passwords: dict[str, str] = field(repr=False)

    @classmethod
    def make(cls, folder: Path, users: Sequence[str]) -> Self:
        """Writes ca.pem and keystore.pem into `folder`."""
        security = cls(
            folder / "ca.pem", folder / "keystore.pem", {user: secrets.token_hex(16) for user in users}
        )
        folder.mkdir(parents=True)
        authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = _certificate("local authority", authority.public_key(), "local authority", authority)
        own = _certificate("localhost", server.public_key(), "local authority", authority)
        pem = serialization.Encoding.PEM
        key = server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        security.ca_file.write_bytes(issuer.public_bytes(pem))
        security.keystore.touch(mode=0o600)
        security.keystore.write_bytes(key + own.public_bytes(pem) + issuer.public_bytes(pem))
        return security

    def settings(self) -> dict[str, str]:
        """Whoever comes over the plaintext listener (ANONYMOUS, as the nodes themselves) may do all; over this one only what ACLs say."""
        users = " ".join(f'user_{user}="{password}"' for user, password in self.passwords.items())
        return {
            f"{_LISTENER}sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            f"{_LISTENER}plain.sasl.jaas.config": f"{_PLAIN} required {users};",
            f"{_LISTENER}scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
            f"{_LISTENER}ssl.keystore.type": "PEM",
            f"{_LISTENER}ssl.keystore.location": str(self.keystore),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:admin",
        }

    def format_arguments(self) -> list[str]:
        """For StorageTool: SCRAM users are part of the cluster's first metadata."""
        return [
            f"--add-scram=SCRAM-SHA-512=[name={user},iterations=4096,password={password}]"
            for user, password in self.passwords.items()
        ]


def _certificate(
    subject: str, key: ec.EllipticCurvePublicKey, issuer: str, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    authority = subject == issuer
    names = [x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")), x509.DNSName("localhost")]
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=authority,
                crl_sign=authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(signer, hashes.SHA256())
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
