"""Runs one provider process: go-plugin's handshake, its gRPC server and its shutdown.

    python -m deployments.sandbox.aws_provider.plugin

The launcher runs this command if no server (`serve.py`) is running. The protocol is go-plugin's: one line on standard
output names the socket and the certificate, and the call `Shutdown` ends the process.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import grpc  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tf.gen import grpc_controller_pb2 as controller
from tf.gen import grpc_controller_pb2_grpc as controller_rpc
from tf.gen import grpc_stdio_pb2_grpc as stdio_rpc
from tf.gen import tfplugin_pb2_grpc as rpc

from deployments.sandbox.aws_provider.servicer import Servicer

# Terraform makes 10 calls in parallel by default. Some more threads only wait.
THREADS = 16
# The same limit as the real provider's: a plan of a large policy exceeds gRPC's default of 4 MB.
MESSAGE_BYTES = 256 << 20


class Identity:
    """A key and a certificate for localhost. The key is elliptic, because an RSA key takes up to half a second."""

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate, self-signed as go-plugin's clients expect."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
        builder = builder.public_key(self._key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=365))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        return builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())

    def credentials(self) -> Any:
        """Return the gRPC server's TLS credentials.

        They require no client certificate, because the permissions of the socket's folder keep other users out.
        """
        no_password = serialization.NoEncryption()
        key = self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
        chain = self.certificate.public_bytes(serialization.Encoding.PEM)
        return grpc.ssl_server_credentials([(key, chain)])

    def for_handshake(self) -> str:
        """Return the certificate in the encoding of the handshake line: base64 of its DER form, without padding."""
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode().rstrip("=")


class _Controller(controller_rpc.GRPCControllerServicer):  # type: ignore[misc]
    """go-plugin's service that shuts a plugin down."""

    def __init__(self, ended: threading.Event) -> None:
        self.ended = ended

    def Shutdown(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Shut down after this call."""
        self.ended.set()
        return controller.Empty()


class _Stdio(stdio_rpc.GRPCStdioServicer):  # type: ignore[misc]
    """go-plugin's service for a plugin's output. This plugin has none, because it writes to standard error."""

    def StreamStdio(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Return an empty stream."""
        return iter(())


def serve_terraform(identity: Identity, ended: threading.Event, loader: Any = None) -> None:
    """Serve the terraform process that reads this process's standard output, until it shuts the plugin down.

    Args:
        identity: the key and certificate.
        ended: ends the service when it is set.
        loader: botocore's loader of service models, if one is already warm.
    """
    shutdown = _Controller(ended)
    with tempfile.TemporaryDirectory(prefix="tfaws-") as folder:
        server = grpc.server(
            ThreadPoolExecutor(THREADS),
            options=[
                ("grpc.max_receive_message_length", MESSAGE_BYTES),
                ("grpc.max_send_message_length", MESSAGE_BYTES),
            ],
        )
        rpc.add_ProviderServicer_to_server(Servicer(loader), server)
        controller_rpc.add_GRPCControllerServicer_to_server(shutdown, server)
        stdio_rpc.add_GRPCStdioServicer_to_server(_Stdio(), server)
        handshake = _listen(server, f"{folder}/s", identity)
        server.start()
        os.write(sys.stdout.fileno(), handshake.encode())
        ended.wait()
        server.stop(grace=0.2).wait()


def _listen(server: Any, socket: str, identity: Identity) -> str:
    # Without a client certificate in the environment, Terraform does not use TLS (TF_DISABLE_PLUGIN_TLS).
    secured = bool(os.environ.get("PLUGIN_CLIENT_CERT"))
    if secured:
        server.add_secure_port(f"unix:{socket}", identity.credentials())
    else:
        server.add_insecure_port(f"unix:{socket}")
    return f"1|6|unix|{socket}|grpc|{identity.for_handshake() if secured else ''}\n"


if __name__ == "__main__":
    if not os.environ.get("TF_PLUGIN_MAGIC_COOKIE"):
        sys.exit("This is a Terraform provider: terraform starts it. See deployments/sandbox/aws_provider/README.md")
    serve_terraform(Identity(), threading.Event())
