"""Certificates made with the openssl program: authorities, servers, clients, valid in any span of time."""

import pathlib
import subprocess
import time

DAY = 24 * 60 * 60

_CONFIGURATION = """
[ca]
default_ca = here
[here]
dir = {folder}
database = $dir/index.txt
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
x509_extensions = extensions
copy_extensions = none
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[extensions]
{extensions}
"""

AUTHORITY = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign"
SERVER = "basicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:localhost, IP:127.0.0.1\nextendedKeyUsage = serverAuth"
CLIENT = "basicConstraints = critical, CA:FALSE\nextendedKeyUsage = clientAuth"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


class Pair:
    """A certificate and its key, as files and as PEM text."""

    def __init__(self, folder, name):
        self.certificate_path = pathlib.Path(folder) / f"{name}.crt"
        self.key_path = pathlib.Path(folder) / f"{name}.key"

    @property
    def certificate(self):
        return self.certificate_path.read_text()

    @property
    def key(self):
        return self.key_path.read_text()


def make_key(path, kind="ec"):
    if kind == "rsa":
        openssl("genrsa", "-out", path, 2048)
    else:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def make(folder, name, extensions, issuer=None, common_name="localhost", valid=(-DAY, 30 * DAY), key="ec"):
    """A certificate signed by `issuer`, by itself without one; valid from and to so many seconds from now."""
    folder = pathlib.Path(folder)
    pair = Pair(folder, name)
    make_key(pair.key_path, key)
    configuration, request = folder / f"{name}.cnf", folder / f"{name}.csr"
    configuration.write_text(_CONFIGURATION.format(folder=folder, extensions=extensions))
    (folder / "index.txt").touch()
    openssl("req", "-new", "-key", pair.key_path, "-subj", f"/CN={common_name}", "-config", configuration, "-out", request)
    first, last = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + offset)) for offset in valid)
    signer = (
        ["-cert", issuer.certificate_path, "-keyfile", issuer.key_path]
        if issuer
        else ["-selfsign", "-keyfile", pair.key_path]
    )
    openssl(
        *["ca", "-batch", "-notext", "-config", configuration, *signer],
        *["-startdate", first, "-enddate", last, "-in", request, "-out", pair.certificate_path],
    )
    return pair


def ssl_config(pair, authority=None, verify=None):
    """The text of an SSLConfig, PEM texts as protobuf writes strings."""

    def quoted(text):
        return '"' + text.replace("\n", "\\n") + '"'

    lines = [f"server_key: {quoted(pair.key)}", f"server_cert: {quoted(pair.certificate)}"]
    if authority is not None:
        lines.append(f"custom_ca: {quoted(authority)}")
    if verify is not None:
        lines.append(f"client_verify: {str(verify).lower()}")
    return "\n".join(lines) + "\n"
