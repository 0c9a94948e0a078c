/* Answers without looking: what redis-benchmark itself can do, with a server that costs nothing.
 *
 *   answers PORT REQUEST REPLY     both as RESP; each REQUEST's length of input is one REPLY
 *
 * What begins in another way (redis-benchmark asks for settings first) is an error. Like the server
 * it does not wait to be woken for each of many requests: it looks again after 20 us. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, BATCH = 1000, FDS = 4096 };
static char in[1 << 20];
static size_t kept[FDS]; /* bytes of a request that is not whole */

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    size_t request = strlen(argv[2]), reply = strlen(argv[3]);
    char *out = malloc(reply * BATCH);
    for (size_t i = 0; i < BATCH; i++) memcpy(out + i * reply, argv[3], reply);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, poll = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 511)) return 1;
    struct epoll_event add = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &add);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    for (;;) {
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
        for (int i = epoll_wait(poll, events, EVENTS, -1); i-- > 0;) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                add.data.fd = accept(listener, NULL, NULL);
                if (add.data.fd >= FDS) return 1;
                kept[add.data.fd] = 0;
                setsockopt(add.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                epoll_ctl(poll, EPOLL_CTL_ADD, add.data.fd, &add);
                continue;
            }
            ssize_t n = recv(fd, in, sizeof in, MSG_DONTWAIT);
            if (n <= 0) {
                close(fd);
            } else if (!kept[fd] && memcmp(in, argv[2], (size_t)n < request ? (size_t)n : request)) {
                for (ssize_t k = 0; k < n; k++)
                    if (in[k] == '*') send(fd, "-ERR\r\n", 6, MSG_NOSIGNAL);
            } else {
                size_t count = (kept[fd] + (size_t)n) / request;
                kept[fd] = (kept[fd] + (size_t)n) % request;
                for (size_t some; count; count -= some) {
                    some = count < BATCH ? count : BATCH;
                    send(fd, out, some * reply, MSG_NOSIGNAL);
                }
            }
        }
    }
}
