"""One live kernel: protocol, client, service, worker, runtime, debugger."""
