"""The marketplace on one machine: the very template that goes to AWS, on an emulator that listens on 127.0.0.1 only."""
