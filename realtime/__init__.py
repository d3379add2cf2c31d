"""The live hub: Centrifugo's client protocol over WebSockets, fed by committed changes; knows no dialect."""
