"""Ctrl-C, pressed at a certain moment of a training, or another signal that is sent."""

import signal

from xpnn import Callback


class Interrupt(Callback):
    """Somebody presses Ctrl-C at a certain moment, or sends signals."""

    def __init__(self, moment, *signals):
        self.moment, self.steps, self.epochs, self.ended = moment, 0, 0, 0
        self.signals = signals or (signal.SIGINT,)

    def press(self, moment):
        if moment == self.moment:
            for number in self.signals:
                signal.raise_signal(number)

    def on_train_begin(self, epochs, steps):
        self.press("begin")

    def on_epoch_begin(self, epoch):
        self.press(f"epoch {epoch} begins")

    def on_batch_end(self, step):
        self.steps += 1
        self.press(f"step {self.steps}")

    def on_epoch_end(self, epoch, logs):
        self.epochs += 1
        self.press(f"epoch {epoch} ends")

    def on_train_end(self):
        self.ended += 1
        self.press("end")
