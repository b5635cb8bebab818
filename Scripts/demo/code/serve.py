"""Answers `POST /predict` with the digit that 64 pixels from 0 to 16 show; `GET /health` when it is ready."""

import argparse
import http.server
import json
import pathlib

import joblib
import numpy


def handler(model):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.answer(200 if self.path == "/health" else 404, {"ready": self.path == "/health"})

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path != "/predict":
                return self.answer(404, {"error": "POST /predict"})
            try:
                pixels = numpy.array(json.loads(body)["pixels"], dtype=float).reshape(1, 64) / 16
            except (ValueError, KeyError, TypeError) as error:
                return self.answer(400, {"error": f"64 pixels are needed: {error}"})
            shares = model.predict_proba(pixels)[0]
            self.answer(200, {"digit": int(shares.argmax()), "probability": round(float(shares.max()), 4)})

        def answer(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="/gemini/pretrain1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    found = sorted(pathlib.Path(arguments.model).rglob("digits.joblib"))
    model = joblib.load(found[0])
    print(f"serving {found[0]} on {arguments.port}", flush=True)
    http.server.ThreadingHTTPServer(("0.0.0.0", arguments.port), handler(model)).serve_forever()


if __name__ == "__main__":
    main()
