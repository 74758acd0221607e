#define _GNU_SOURCE
#include "PlainLoad.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif

enum { MOST_CONNECTIONS = 1024, MOST_SAMPLES = 1 << 16 };

struct connection {
    int descriptor;
    size_t received;
    double asked;
    char answer[4096];
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int opened(int port) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0) return -1;
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    close(descriptor);
    return -1;
}

static int ascending(const void *left, const void *right) {
    float l = *(const float *)left, r = *(const float *)right;
    return (l > r) - (l < r);
}

/// Whether the whole answer is there.
static int is_whole(const struct connection *connection, int sets) {
    const char *end = sets ? "STORED\r\n" : "END\r\n";
    size_t length = strlen(end);
    return connection->received >= length
        && memcmp(connection->answer + connection->received - length, end, length) == 0;
}

struct plain_load_result plain_load(int port, int connections, double seconds, int sets, int value_bytes) {
    struct plain_load_result result = {-1, -1};
    if (connections < 1 || connections > MOST_CONNECTIONS || value_bytes < 0 || value_bytes > 2048) return result;
    struct connection *all = calloc((size_t)connections, sizeof *all);
    float *samples = malloc(sizeof *samples * MOST_SAMPLES);
    char requests[8][2304];
    size_t lengths[8];
    size_t sampled = 0;
    long answers = 0;
    int open = 0, failed = all == NULL || samples == NULL;
#ifdef __linux__
    int queue = epoll_create1(0);
    struct epoll_event ready[MOST_CONNECTIONS];
    failed = failed || queue < 0;
#else
    struct pollfd ready[MOST_CONNECTIONS];
#endif
    for (int i = 0; i < 8; i++) {
        int length = sets ? snprintf(requests[i], sizeof requests[i], "set key:%d 0 0 %d\r\n", i, value_bytes)
                          : snprintf(requests[i], sizeof requests[i], "get key:%d\r\n", i);
        if (sets) {
            memset(requests[i] + length, 'v', (size_t)value_bytes);
            memcpy(requests[i] + length + value_bytes, "\r\n", 2);
            length += value_bytes + 2;
        }
        lengths[i] = (size_t)length;
    }
    for (; !failed && open < connections; open++) {
        all[open].descriptor = opened(port);
        if (all[open].descriptor < 0) {
            failed = 1;
            break;
        }
#ifdef __linux__
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)open};
        failed = epoll_ctl(queue, EPOLL_CTL_ADD, all[open].descriptor, &event) != 0;
#else
        ready[open] = (struct pollfd){.fd = all[open].descriptor, .events = POLLIN};
#endif
    }
    double start = now(), end = start + seconds, time = start;
    for (int i = 0; !failed && i < connections; i++) {
        all[i].asked = time;
        failed = send(all[i].descriptor, requests[i & 7], lengths[i & 7], 0) != (ssize_t)lengths[i & 7];
    }
    while (!failed && time < end) {
#ifdef __linux__
        int count = epoll_wait(queue, ready, connections, 1000);
#else
        int count = poll(ready, (nfds_t)connections, 1000);
        if (count > 0) count = connections;
#endif
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) failed = 1;
        for (int i = 0; i < count && !failed; i++) {
#ifdef __linux__
            int place = (int)ready[i].data.u32;
#else
            int place = i;
            if (!(ready[i].revents & (POLLIN | POLLHUP))) continue;
#endif
            struct connection *one = &all[place];
            ssize_t length = recv(one->descriptor, one->answer + one->received, sizeof one->answer - one->received, 0);
            if (length <= 0) {
                failed = 1;
                break;
            }
            one->received += (size_t)length;
            if (!is_whole(one, sets)) {
                failed = one->received == sizeof one->answer;
                continue;
            }
            time = now();
            answers++;
            if (sampled < MOST_SAMPLES) samples[sampled++] = (float)((time - one->asked) * 1e6);
            one->received = 0;
            one->asked = time;
            size_t size = lengths[place & 7];
            failed = send(one->descriptor, requests[place & 7], size, 0) != (ssize_t)size;
        }
    }
    if (!failed && sampled > 0) {
        qsort(samples, sampled, sizeof *samples, ascending);
        result.operations_per_second = (double)answers / (time - start);
        result.p50_us = samples[sampled / 2];
    }
    for (int i = 0; i < open; i++) close(all[i].descriptor);
#ifdef __linux__
    if (queue >= 0) close(queue);
#endif
    free(samples);
    free(all);
    return result;
}
