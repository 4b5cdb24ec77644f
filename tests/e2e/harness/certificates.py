"""Certificates made on the fly: an authority, a server of 127.0.0.1, a client."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificates:
    """Files in `folder`: ca, server_cert, server_key, client_cert, client_key."""

    def __init__(self, folder):
        self.folder = folder
        self._ca_key = ec.generate_private_key(ec.SECP256R1())
        self._ca = self._sign("sluice test authority", self._ca_key, ca=True)
        self.ca = self._write("ca.pem", self._ca.public_bytes(serialization.Encoding.PEM))
        self.server_cert, self.server_key = self._pair("server", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        self.client_cert, self.client_key = self._pair("client", x509.DNSName("sluice.test"))

    def _pair(self, name, alternative):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key, alternative=alternative)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                   serialization.NoEncryption())
        return (self._write(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM)),
                self._write(f"{name}-key.pem", secret))

    def _sign(self, name, key, ca=False, alternative=None):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject)
                   .issuer_name(subject if ca else self._ca.subject).public_key(key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        return builder.sign(self._ca_key, hashes.SHA256())

    def _write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return str(path)
