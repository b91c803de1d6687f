// Round trips of MQTT 3.1.1 QoS 1 publishes at a steady rate, whatever the answers take:
//   mqtt_paced PORT CONNECTIONS RATE SECONDS
// A publish is due at its place in the schedule and is measured from there, so a slow answer does not slow the load down.
// Prints one line: rate=… sent=… acked=… p50=…ms p99=…ms worst=…ms
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 4096, PAYLOAD = 200, STEPS = 1000000 };

typedef struct {
    int socket;
    uint16_t next;           // packet identifiers go round in a window, 1 to WINDOW - 1
    int held;                // bytes of an answer that is not whole
    uint8_t answer[4096];
    double due[WINDOW];      // by packet identifier
} connection;

static uint32_t steps[STEPS];  // of ten microseconds

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void send_whole(int socket, const uint8_t *bytes, int count) {
    for (int sent = 0; sent < count;) {
        ssize_t part = write(socket, bytes + sent, count - sent);
        if (part <= 0) fail("write");
        sent += part;
    }
}

static int open_connection(int port, int number) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, made = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(made, (struct sockaddr *)&address, sizeof address)) fail("connect");
    uint8_t packet[64] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60}, answer[4];
    int length = snprintf((char *)packet + 14, 40, "paced%d", number);
    packet[1] = 12 + length;
    packet[13] = length;
    send_whole(made, packet, 14 + length);
    if (recv(made, answer, 4, MSG_WAITALL) != 4 || answer[0] != 0x20 || answer[3]) fail("CONNACK");
    return made;
}

static void publish(connection *to, double due) {
    uint8_t packet[PAYLOAD + 64] = {0x32};
    int topic = snprintf((char *)packet + 5, 40, "paced/%d/telemetry", to->socket);
    int rest = 2 + topic + 2 + PAYLOAD;
    packet[1] = (rest & 127) | 128;
    packet[2] = rest >> 7;
    packet[4] = topic;
    to->next = to->next % (WINDOW - 1) + 1;
    packet[5 + topic] = to->next >> 8;
    packet[6 + topic] = to->next;
    memset(packet + 7 + topic, 'x', PAYLOAD);
    to->due[to->next] = due;
    send_whole(to->socket, packet, 3 + rest);
}

static long take_answers(connection *from) {
    ssize_t count = recv(from->socket, from->answer + from->held, sizeof from->answer - from->held, MSG_DONTWAIT);
    if (count <= 0) fail("the server ended the connection");
    from->held += count;
    double time = now();
    int place = 0;
    long answers = 0;
    for (; from->held - place >= 4; place += 4, answers++) {
        uint16_t identifier = from->answer[place + 2] << 8 | from->answer[place + 3];
        if (from->answer[place] != 0x40 || identifier >= WINDOW) fail("no PUBACK");
        long step = (time - from->due[identifier]) * 1e5;
        steps[step < 0 ? 0 : step < STEPS ? step : STEPS - 1]++;
    }
    memmove(from->answer, from->answer + place, from->held - place);
    from->held -= place;
    return answers;
}

static double percentile(long total, double part) {
    long seen = 0;
    for (int step = 0; step < STEPS; step++)
        if ((seen += steps[step]) >= total * part && seen > 0) return (step + 1) / 100.0;
    return -1;
}

int main(int count, char **words) {
    if (count != 5) return fprintf(stderr, "usage: mqtt_paced PORT CONNECTIONS RATE SECONDS\n"), 2;
    int port = atoi(words[1]), connections = atoi(words[2]);
    double rate = atof(words[3]), seconds = atof(words[4]);
    connection *all = calloc(connections, sizeof *all);
    int poll = epoll_create1(0);
    for (int number = 0; number < connections; number++) {
        all[number].socket = open_connection(port, number);
        struct epoll_event interest = {.events = EPOLLIN, .data.u32 = number};
        epoll_ctl(poll, EPOLL_CTL_ADD, all[number].socket, &interest);
    }
    long sent = 0, acked = 0, total = rate * seconds;
    double begin = now();
    while (acked < total) {
        double time = now();
        if (time > begin + seconds + 5) break;
        for (; sent < total && begin + sent / rate <= time; sent++) publish(&all[sent % connections], begin + sent / rate);
        double wait = sent < total ? begin + sent / rate - now() : 0.1;
        struct timespec pause = {.tv_nsec = wait > 0 ? wait * 1e9 : 0};
        struct epoll_event events[256];
        int ready = epoll_pwait2(poll, events, 256, &pause, NULL);
        for (int index = 0; index < ready; index++) acked += take_answers(&all[events[index].data.u32]);
    }
    printf("rate=%.0f sent=%ld acked=%ld p50=%.2fms p99=%.2fms worst=%.2fms\n", rate, sent, acked, percentile(acked, 0.5),
           percentile(acked, 0.99), percentile(acked, 1));
    return acked == total ? 0 : 1;
}
