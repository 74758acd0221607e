#ifndef PLAIN_LOAD_H
#define PLAIN_LOAD_H

/// What a load of one request at a time over several connections has reached.
struct plain_load_result {
    /// Answers in a second, or less than zero where a connection failed.
    double operations_per_second;
    /// The median time from a request to its answer, in microseconds.
    double p50_us;
};

/// Sends `get` or `set` to a memcached on 127.0.0.1, over several connections from one thread, each connection one request at a time, and
/// waits for readiness with epoll, as redis-benchmark does.
struct plain_load_result plain_load(int port, int connections, double seconds, int sets, int value_bytes);

#endif
