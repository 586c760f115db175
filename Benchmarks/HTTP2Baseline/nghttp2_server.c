// The yardstick for Sources/HTTP2Server: the same canned gRPC answer served by libnghttp2 on a bare epoll loop.
//
// One thread, level-triggered epoll, one recv and one send per wake-up in the common case. Request headers are decoded
// by the library and looked at (`:path`), bodies are collected whole, and each request is answered with HEADERS, one
// DATA frame of the size that a small Predict response has, and trailers. Everything the library offers to make this
// cheap is used: no-copy name/value flags, memory-in/memory-out calls, no auto-copied output.
//
// Usage: nghttp2_server [port]     port 0, the default, takes a free one; the port is printed as "listening PORT".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 110, SCRATCH_BYTES = 64 * 1024, MAX_EVENTS = 256, WINDOW = 8 * 1024 * 1024 };

struct request {
    uint8_t *body;
    size_t length, capacity;
    size_t sent;
    int known_path;
};

struct connection {
    int fd;
    int wants_write;
    nghttp2_session *session;
    uint8_t *pending;  // output that the socket did not take
    size_t pending_length;
};

static uint8_t answer[ANSWER_BYTES];
static uint8_t scratch[SCRATCH_BYTES];
static int poller;

#define FIELD(NAME, VALUE)                                                                              \
    {(uint8_t *)(NAME), (uint8_t *)(VALUE), sizeof(NAME) - 1, sizeof(VALUE) - 1,                        \
     NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}

static const nghttp2_nv response_fields[] = {FIELD(":status", "200"), FIELD("content-type", "application/grpc")};
static const nghttp2_nv trailer_fields[] = {FIELD("grpc-status", "0")};

static void *checked(void *memory) {
    if (!memory) {
        perror("out of memory");
        exit(1);
    }
    return memory;
}

// MARK: requests

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    (void)user;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    struct request *request = checked(calloc(1, sizeof *request));
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, request);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                     const uint8_t *value, size_t value_length, uint8_t flags, void *user) {
    (void)flags;
    (void)user;
    static const char path[] = "/tensorflow.serving.PredictionService/Predict";
    if (name_length != 5 || memcmp(name, ":path", 5) != 0) return 0;
    struct request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (request) request->known_path = value_length == sizeof path - 1 && memcmp(value, path, value_length) == 0;
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t length,
                   void *user) {
    (void)flags;
    (void)user;
    struct request *request = nghttp2_session_get_stream_user_data(session, stream);
    if (!request) return 0;
    if (request->length + length > request->capacity) {
        size_t wanted = request->length + length, doubled = request->capacity * 2;
        request->capacity = wanted > doubled ? wanted : doubled;
        request->body = checked(realloc(request->body, request->capacity));
    }
    memcpy(request->body + request->length, data, length);
    request->length += length;
    return 0;
}

static ssize_t read_answer(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t length, uint32_t *flags,
                           nghttp2_data_source *source, void *user) {
    (void)user;
    struct request *request = source->ptr;
    size_t left = ANSWER_BYTES - request->sent, taken = left < length ? left : length;
    memcpy(buffer, answer + request->sent, taken);
    request->sent += taken;
    if (request->sent == ANSWER_BYTES) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, stream, trailer_fields, 1);
    }
    return (ssize_t)taken;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    (void)user;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    struct request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!request) return 0;
    if (!request->known_path)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_CANCEL);
    nghttp2_data_provider provider = {.source.ptr = request, .read_callback = read_answer};
    return nghttp2_submit_response(session, frame->hd.stream_id, response_fields, 2, &provider);
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user) {
    (void)code;
    (void)user;
    struct request *request = nghttp2_session_get_stream_user_data(session, stream);
    if (request) {
        free(request->body);
        free(request);
    }
    return 0;
}

// MARK: connections

static struct connection *open_connection(int fd, const nghttp2_session_callbacks *callbacks) {
    struct connection *connection = checked(calloc(1, sizeof *connection));
    connection->fd = fd;
    nghttp2_session_server_new(&connection->session, callbacks, connection);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
                                               {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 1024 * 1024}};
    nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 3);
    nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0, WINDOW);
    return connection;
}

static void close_connection(struct connection *connection) {
    nghttp2_session_del(connection->session);
    close(connection->fd);
    free(connection->pending);
    free(connection);
}

static void want_write(struct connection *connection, int wants) {
    if (connection->wants_write == wants) return;
    connection->wants_write = wants;
    struct epoll_event event = {.events = EPOLLIN | (wants ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_MOD, connection->fd, &event);
}

static ssize_t send_some(struct connection *connection, const uint8_t *bytes, size_t length) {
    ssize_t sent = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    return sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : sent;
}

// Sends all that the session has to say. Returns 0 on success, -1 when the connection is gone.
static int flush_connection(struct connection *connection) {
    static uint8_t batch[SCRATCH_BYTES];
    if (connection->pending_length) {
        ssize_t sent = send_some(connection, connection->pending, connection->pending_length);
        if (sent < 0) return -1;
        connection->pending_length -= (size_t)sent;
        memmove(connection->pending, connection->pending + sent, connection->pending_length);
        if (connection->pending_length) return 0;
    }
    for (;;) {
        // Frames are collected, as each mem_send gives one frame only.
        size_t filled = 0;
        const uint8_t *bytes = NULL;
        ssize_t length = 0;
        while (filled < SCRATCH_BYTES - 20 * 1024 && (length = nghttp2_session_mem_send(connection->session, &bytes)) > 0) {
            memcpy(batch + filled, bytes, (size_t)length);
            filled += (size_t)length;
        }
        if (length < 0) return -1;
        if (filled == 0) break;
        ssize_t sent = send_some(connection, batch, filled);
        if (sent < 0) return -1;
        if ((size_t)sent < filled) {
            connection->pending_length = filled - (size_t)sent;
            connection->pending = checked(realloc(connection->pending, connection->pending_length));
            memcpy(connection->pending, batch + sent, connection->pending_length);
            want_write(connection, 1);
            return 0;
        }
    }
    want_write(connection, 0);
    return nghttp2_session_want_read(connection->session) || nghttp2_session_want_write(connection->session) ? 0 : -1;
}

static int serve_connection(struct connection *connection, uint32_t events) {
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t received = recv(connection->fd, scratch, SCRATCH_BYTES, 0);
        if (received == 0 || (received < 0 && errno != EAGAIN)) return -1;
        if (received > 0 && nghttp2_session_mem_recv(connection->session, scratch, (size_t)received) < 0) return -1;
    }
    return flush_connection(connection);
}

// MARK: listening

static int listen_on(uint16_t port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024) ||
        getsockname(listener, (struct sockaddr *)&address, &length)) {
        perror("cannot listen");
        exit(1);
    }
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void accept_one(int listener, const nghttp2_session_callbacks *callbacks) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = open_connection(fd, callbacks);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static nghttp2_session_callbacks *make_callbacks(void) {
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    return callbacks;
}

int main(int argc, char **argv) {
    memset(answer, 'a', sizeof answer);
    answer[0] = answer[1] = answer[2] = answer[3] = 0;
    answer[4] = ANSWER_BYTES - 5;
    poller = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(argc > 1 ? (uint16_t)atoi(argv[1]) : 0);
    nghttp2_session_callbacks *callbacks = make_callbacks();
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL}, events[MAX_EVENTS];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &listening);
    for (;;) {
        int count = epoll_wait(poller, events, MAX_EVENTS, -1);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!connection)
                accept_one(listener, callbacks);
            else if (serve_connection(connection, events[i].events))
                close_connection(connection);
        }
    }
}
