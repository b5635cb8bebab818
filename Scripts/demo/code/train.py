"""Trains a classifier of handwritten digits; logs for TensorBoard, saves the model and its figures to /gemini/output."""

import argparse
import csv
import json
import pathlib
import time

import joblib
import numpy
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


def load(path):
    """Each row: 64 pixels from 0 to 16, then the digit."""
    with open(path, newline="") as file:
        rows = numpy.array([[float(cell) for cell in row] for row in csv.reader(file)])
    return rows[:, :64] / 16, rows[:, 64].astype(int)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="/gemini/data-1/digits.csv")
    parser.add_argument("--output", default="/gemini/output")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--least", type=float, default=0.95, help="fail below this accuracy")
    arguments = parser.parse_args()
    output = pathlib.Path(arguments.output)

    pixels, digits = load(arguments.data)
    train_x, held_x, train_y, held_y = train_test_split(pixels, digits, test_size=0.25, random_state=1, stratify=digits)
    print(f"{len(train_x)} samples to learn from, {len(held_x)} held out", flush=True)

    model = MLPClassifier(hidden_layer_sizes=(96,), learning_rate_init=0.003, batch_size=32, random_state=1)
    writer = EventFileWriter(str(output / "logs"))
    for epoch in range(1, arguments.epochs + 1):
        model.partial_fit(train_x, train_y, classes=range(10))
        accuracy = model.score(held_x, held_y)
        values = [
            Summary.Value(tag="loss", simple_value=model.loss_),
            Summary.Value(tag="held_out_accuracy", simple_value=accuracy),
        ]
        writer.add_event(Event(wall_time=time.time(), step=epoch, summary=Summary(value=values)))
        if epoch % 5 == 0:
            print(f"epoch {epoch:3d}  loss {model.loss_:.4f}  held-out accuracy {accuracy:.4f}", flush=True)
    writer.close()

    (output / "model").mkdir(parents=True, exist_ok=True)
    joblib.dump(model, output / "model" / "digits.joblib")
    figures = {"accuracy": accuracy, "samples": len(train_x), "held_out": len(held_x), "epochs": arguments.epochs}
    (output / "model" / "figures.json").write_text(json.dumps(figures))
    print(f"accuracy {accuracy:.4f}", flush=True)
    if accuracy < arguments.least:
        raise SystemExit(f"the accuracy is below {arguments.least}")


if __name__ == "__main__":
    main()
