"""A small OpenTelemetry collector: takes spans by OTLP over HTTP or HTTPS and keeps them."""

import http.server
import threading

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from .waiting import eventually


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A handshake that fails is what some tests are about."""


class Collector:
    """`statuses` are answered one after the other, then 200. While `hold` is clear, requests wait for their answer.
    With `tls`, an `ssl.SSLContext`, it speaks HTTPS."""

    def __init__(self, statuses=(), tls=None):
        self.statuses = list(statuses)
        self.hold = threading.Event()
        self.hold.set()
        self.spans, self.paths, self.resources, self.requests = [], [], [], 0
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                collector.requests += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.hold.wait()
                status = collector.statuses.pop(0) if collector.statuses else 200
                if status == 200:
                    collector.take(self.path, self.headers["Content-Type"], body)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        if tls:
            # The handshake is the affair of a connection's thread.
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.url = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, path, kind, body):
        assert kind == "application/x-protobuf"
        message = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        self.paths.append(path)
        for resource in message.resource_spans:
            self.resources.append(attributes(resource.resource))
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def traces(self, count=1):
        """{trace id: spans}, once there are so many traces with all of their spans: those of a request come together."""
        by_trace = {}

        def look():
            by_trace.clear()
            for span in list(self.spans):
                by_trace.setdefault(span.trace_id.hex(), []).append(span)
            return len(by_trace) >= count

        eventually(look, f"{count} traces at the collector")
        return by_trace

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


def attributes(holder):
    """The attributes of a span or a resource as a dictionary."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in holder.attributes}
