/*
 * A client that costs as little as one can: what python -m bench.load does.
 *
 *   load put PORT SIZE CHUNK PAUSE PATH...
 *                                     send SIZE zeros to each path at once, or
 *                                     PAUSE seconds after the one before; in
 *                                     chunks of CHUNK bytes, unless that is 0
 *   load get PORT SIZE PATH...        fetch all paths at once
 *   load ask PORT CONNECTIONS SECONDS COUNT FILE
 *                                     ask what is in the file, where a 0 ends each
 *                                     request, on so many connections, until the
 *                                     time is over or COUNT is reached
 *
 * put and get say of each path: status, begin, end, and what was answered; ask
 * says how many went well, how many did not, the seconds, and the milliseconds
 * of the median, of the 99th percentile and of the slowest.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (1 << 20)
#define HEAD 16384

static struct sockaddr_in address;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0)
        die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The heads of answers. */

static const char *field(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (!strncasecmp(line, name, length) && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " ");
    }
    return NULL;
}

static int status_of(const char *head)
{
    return strncmp(head, "HTTP/1.", 7) ? 0 : atoi(head + 9);
}

/* Transfers, a thread for each. */

struct transfer {
    const char *path;
    int status;
    double began, ended;
    char body[256];
};

static int uploading;
static long size, chunk;
static char *unit;
static size_t unit_length;

static size_t frame(char *to, long bytes)
{
    size_t at = 0;
    while (bytes > 0) {
        long piece = bytes < chunk ? bytes : chunk;
        at += sprintf(to + at, "%lx\r\n", piece);
        memset(to + at, 0, piece);
        at += piece;
        memcpy(to + at, "\r\n", 2);
        at += 2;
        bytes -= piece;
    }
    return at;
}

static int send_all(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        if (sent < 0)
            return -1;
        data += sent;
        length -= sent;
    }
    return 0;
}

static void send_body(int fd)
{
    long rest = size % BLOCK;
    for (long n = size / BLOCK; n; n--)
        if (send_all(fd, unit, unit_length) < 0)
            return;
    if (!chunk) {
        send_all(fd, unit, rest);
        return;
    }
    char *last = malloc(BLOCK * 2);
    size_t length = frame(last, rest);
    memcpy(last + length, "0\r\n\r\n", 5);
    send_all(fd, last, length + 5);
    free(last);
}

static void fail(struct transfer *t, const char *what)
{
    t->status = 0;
    snprintf(t->body, sizeof t->body, "%s: %s", what, strerror(errno));
}

static void answer(int fd, struct transfer *t)
{
    char head[HEAD + 1], *body = NULL;
    size_t length = 0;
    ssize_t got;
    while (!body) {
        got = recv(fd, head + length, HEAD - length, 0);
        if (got <= 0) {
            fail(t, "no answer");
            return;
        }
        head[length += got] = 0;
        body = strstr(head, "\r\n\r\n");
    }
    body += 4;
    t->status = status_of(head);
    long came = head + length - body;
    if (uploading || t->status != 200) {
        /* What it says fits in one piece, or need not be known. */
        snprintf(t->body, sizeof t->body, "%s", body);
        t->body[strcspn(t->body, "\r\n")] = 0;
        if (t->status != 204)
            while (recv(fd, NULL, BLOCK, MSG_TRUNC) > 0)
                ;
        return;
    }
    /* The system throws the data away instead of copying it. */
    while (came < size && (got = recv(fd, NULL, BLOCK, MSG_TRUNC)) > 0)
        came += got;
    if (came != size) {
        fail(t, "cut short");
    }
}

static void *transfer(void *argument)
{
    struct transfer *t = argument;
    char head[1024], how[64] = "";
    if (uploading && chunk)
        strcpy(how, "Transfer-Encoding: chunked\r\n");
    else if (uploading)
        sprintf(how, "Content-Length: %ld\r\n", size);
    int length = snprintf(head, sizeof head,
                          "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                          "%s%s\r\n",
                          uploading ? "PUT" : "GET", t->path,
                          uploading ? "Content-Type: application/octet-stream\r\n" : "",
                          how);
    int fd = dial();
    if (fd < 0) {
        fail(t, "connect");
        return NULL;
    }
    t->began = now();
    send_all(fd, head, length);
    if (uploading)
        send_body(fd);
    answer(fd, t);
    t->ended = now();
    close(fd);
    return NULL;
}

static void run_transfers(char **paths, int count, double pause)
{
    struct transfer *all = calloc(count, sizeof *all);
    pthread_t *threads = calloc(count, sizeof *threads);
    unit = calloc(2, BLOCK);
    unit_length = chunk ? frame(unit, BLOCK) : BLOCK;
    for (int i = 0; i < count; i++) {
        all[i].path = paths[i];
        if (i)
            usleep(pause * 1e6);
        pthread_create(&threads[i], NULL, transfer, &all[i]);
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        printf("%d %.6f %.6f %s\n", all[i].status, all[i].began, all[i].ended,
               all[i].body);
    }
}

/* Small requests, one thread for all. */

struct connection {
    int fd, status, closes;
    size_t length;
    long left;
    double began;
    char head[HEAD + 1];
};

static char **requests;
static size_t known, asked;
static int poller;
static double *seconds;
static size_t done, room, failures;
static char failure[256];

static void read_requests(const char *path)
{
    struct stat found;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &found) < 0)
        die(path);
    char *text = malloc(found.st_size + 1);
    if (fread(text, 1, found.st_size, file) != (size_t)found.st_size)
        die(path);
    text[found.st_size] = 0;
    fclose(file);
    requests = malloc((found.st_size + 1) * sizeof *requests);
    for (char *at = text; at < text + found.st_size; at += strlen(at) + 1)
        requests[known++] = at;
}

static void hang_up(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void ask(struct connection *c)
{
    const char *request = requests[asked++ % known];
    c->length = c->status = 0;
    c->left = -1;
    c->began = now();
    if (c->fd < 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if ((c->fd = dial()) < 0)
            die("connect");
        epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
    }
    send_all(c->fd, request, strlen(request));
}

static void finish(struct connection *c, int well)
{
    if (well) {
        if (done == room) {
            room = room ? 2 * room : 4096;
            seconds = realloc(seconds, room * sizeof *seconds);
        }
        seconds[done++] = now() - c->began;
    } else if (!failures++) {
        snprintf(failure, sizeof failure, "%.200s", c->length ? c->head : "closed");
        failure[strcspn(failure, "\r\n")] = 0;
    }
    if (!well || c->closes)
        hang_up(c);
}

/* Read what is there; tell whether an answer has come to its end. */

static int take(struct connection *c)
{
    ssize_t got;
    if (c->left < 0) {
        got = recv(c->fd, c->head + c->length, HEAD - c->length, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got <= 0) {
            finish(c, 0);
            return 1;
        }
        c->head[c->length += got] = 0;
        char *body = strstr(c->head, "\r\n\r\n");
        if (!body)
            return 0;
        const char *length = field(c->head, "Content-Length");
        const char *connection = field(c->head, "Connection");
        c->status = status_of(c->head);
        c->closes = connection && !strncasecmp(connection, "close", 5);
        c->left = length ? atol(length) : 0;
        c->left -= c->head + c->length - (body + 4);
    } else {
        got = recv(c->fd, NULL, BLOCK, MSG_TRUNC | MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got <= 0) {
            finish(c, 0);
            return 1;
        }
        c->left -= got;
    }
    if (c->left > 0)
        return 0;
    finish(c, c->status / 100 == 2 && c->left == 0);
    return 1;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_requests(int count, double time, size_t most)
{
    struct connection *all = calloc(count, sizeof *all);
    struct epoll_event events[64];
    double began = now(), end = began + time;
    int busy = 0;
    poller = epoll_create1(0);
    for (int i = 0; i < count && (!most || asked < most); i++, busy++) {
        all[i].fd = -1;
        ask(&all[i]);
    }
    while (busy) {
        int ready = epoll_wait(poller, events, 64, 1000);
        if (now() > end + 60)
            break;
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!take(c))
                continue;
            if (now() < end && (!most || asked < most))
                ask(c);
            else
                busy--;
        }
    }
    double took = now() - began;
    qsort(seconds, done, sizeof *seconds, by_size);
    printf("%zu %zu %.6f", done, failures + busy, took);
    printf(" %.4f", done ? seconds[done / 2] * 1e3 : 0);
    printf(" %.4f", done ? seconds[done * 99 / 100] * 1e3 : 0);
    printf(" %.4f %s\n", done ? seconds[done - 1] * 1e3 : 0, failure);
}

int main(int count, char **words)
{
    if (count < 5)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    address.sin_family = AF_INET;
    address.sin_port = htons(atoi(words[2]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = atol(words[3]);
    if (!strcmp(words[1], "put") && count > 6) {
        uploading = 1;
        chunk = atol(words[4]);
        run_transfers(words + 6, count - 6, atof(words[5]));
    } else if (!strcmp(words[1], "get")) {
        run_transfers(words + 4, count - 4, 0);
    } else if (!strcmp(words[1], "ask") && count == 7) {
        read_requests(words[6]);
        run_requests(atoi(words[3]), atof(words[4]), atol(words[5]));
    } else {
        return 2;
    }
    return 0;
}
