//! The machine's daemons: keeper (listening sockets, processes) and proxy (traffic).
