/*
 * The client of the NFS benchmark: repeats one procedure on an export, 16 calls under way, and prints how many calls went per
 * second. NFSv3 and MOUNT over TCP, AUTH_SYS as root.
 *
 *   client ADDRESS PORT MOUNTPORT PATH prepare        makes what the procedures need
 *   client ADDRESS PORT MOUNTPORT PATH PROCEDURE MS   runs it for about MS milliseconds
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 16
#define LARGEST 65536

enum { NFS = 100003, MOUNT = 100005 };
enum { MNT = 1, GETATTR = 1, LOOKUP = 3, READ = 6, WRITE = 7, CREATE = 8, REMOVE = 12 };

struct handle {
	uint32_t length;
	char data[64];
};

static struct handle root, file;
static int fd;
static uint32_t xid;
static char out[WINDOW * (LARGEST + 512)], in[LARGEST + 4096], data[LARGEST];
static char *end = out, *call;

static void put(uint32_t value)
{
	value = htonl(value);
	memcpy(end, &value, 4);
	end += 4;
}

static void put_opaque(const void *bytes, uint32_t length)
{
	put(length);
	memcpy(end, bytes, length);
	memset(end + length, 0, -length & 3);
	end += length + (-length & 3);
}

static void put_handle(const struct handle *handle)
{
	put_opaque(handle->data, handle->length);
}

static void begin(uint32_t program, uint32_t procedure)
{
	call = end;
	put(0);
	put(xid++);
	put(0);
	put(2);
	put(program);
	put(3);
	put(procedure);
	put(1); /* AUTH_SYS: stamp, machine, uid, gid, groups */
	put(4 * 6);
	put(0);
	put_opaque("me", 2);
	put(0);
	put(0);
	put(0);
	put(0);
	put(0);
}

static void finish(void)
{
	uint32_t mark = htonl(0x80000000u | (uint32_t)(end - call - 4));
	memcpy(call, &mark, 4);
}

static void send_all(void)
{
	for (char *at = out; at < end;) {
		ssize_t sent = write(fd, at, end - at);
		if (sent < 0)
			err(1, "write");
		at += sent;
	}
	end = out;
}

static void receive(char *into, size_t length)
{
	while (length > 0) {
		ssize_t got = read(fd, into, length);
		if (got <= 0)
			err(1, "read");
		into += got;
		length -= got;
	}
}

static uint32_t word(const char *at)
{
	uint32_t value;
	memcpy(&value, at, 4);
	return ntohl(value);
}

/* The results of the next reply, behind their status, which must be OK. */
static const char *results(const char *what)
{
	uint32_t length = 0, last = 0;
	while (!last) {
		char mark[4];
		receive(mark, 4);
		last = word(mark) >> 31;
		uint32_t fragment = word(mark) & 0x7fffffff;
		if (length + fragment > sizeof in)
			errx(1, "%s: a reply of more than %zu bytes", what, sizeof in);
		receive(in + length, fragment);
		length += fragment;
	}
	/* xid, REPLY, accepted, verifier, SUCCESS, status */
	if (length < 28 || word(in + 8) != 0 || word(in + 20) != 0 || word(in + 24) != 0)
		errx(1, "%s: %u bytes, reply_stat %u, accept_stat %u, status %u", what, length, word(in + 8), word(in + 20),
		     word(in + 24));
	return in + 28;
}

static void get_handle(const char *at, struct handle *handle)
{
	handle->length = word(at);
	if (handle->length > sizeof handle->data)
		errx(1, "a handle of %u bytes", handle->length);
	memcpy(handle->data, at + 4, handle->length);
}

static void connect_to(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int on = 1;
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		errx(2, "no address: %s", address);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	bindresvport(fd, &from);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		err(1, "%s:%s", address, port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void put_create(const char *name, uint32_t how)
{
	begin(NFS, CREATE);
	put_handle(&root);
	put_opaque(name, strlen(name));
	put(how);
	put(1);
	put(0644);
	for (int k = 0; k < 5; k++) /* uid, gid, size, atime, mtime */
		put(0);
	finish();
}

static void put_read(uint32_t count)
{
	begin(NFS, READ);
	put_handle(&file);
	put(0);
	put(0);
	put(count);
	finish();
}

static void put_write(uint32_t count)
{
	begin(NFS, WRITE);
	put_handle(&file);
	put(0);
	put(0);
	put(count);
	put(0); /* UNSTABLE */
	put_opaque(data, count);
	finish();
}

static void put_lookup(void)
{
	begin(NFS, LOOKUP);
	put_handle(&root);
	put_opaque("file", 4);
	finish();
}

static void put_getattr(void)
{
	begin(NFS, GETATTR);
	put_handle(&file);
	finish();
}

static void answers(const char *what)
{
	send_all();
	for (int k = 0; k < WINDOW; k++)
		results(what);
}

static int turn(const char *what)
{
	if (strcmp(what, "create") == 0) {
		char names[WINDOW][32];
		for (int k = 0; k < WINDOW; k++) {
			sprintf(names[k], "new-%d-%d", getpid(), k);
			put_create(names[k], 1);
		}
		answers("CREATE");
		for (int k = 0; k < WINDOW; k++) {
			begin(NFS, REMOVE);
			put_handle(&root);
			put_opaque(names[k], strlen(names[k]));
			finish();
		}
		answers("REMOVE");
		return 2 * WINDOW;
	}
	for (int k = 0; k < WINDOW; k++) {
		if (strcmp(what, "getattr") == 0)
			put_getattr();
		else if (strcmp(what, "lookup") == 0)
			put_lookup();
		else if (strcmp(what, "read4") == 0)
			put_read(4096);
		else if (strcmp(what, "read64") == 0)
			put_read(65536);
		else if (strcmp(what, "write4") == 0)
			put_write(4096);
		else if (strcmp(what, "write64") == 0)
			put_write(65536);
		else
			errx(2, "no procedure %s", what);
	}
	answers(what);
	return WINDOW;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	if (argc < 6)
		errx(2, "usage: client ADDRESS PORT MOUNTPORT PATH prepare | client ADDRESS PORT MOUNTPORT PATH PROCEDURE MS");
	memset(data, 'x', sizeof data);
	connect_to(argv[1], argv[3]);
	begin(MOUNT, MNT);
	put_opaque(argv[4], strlen(argv[4]));
	finish();
	send_all();
	get_handle(results("MNT"), &root);
	close(fd);
	connect_to(argv[1], argv[2]);
	if (strcmp(argv[5], "prepare") == 0) {
		put_create("file", 0);
		send_all();
		results("CREATE");
	}
	put_lookup();
	send_all();
	get_handle(results("LOOKUP"), &file);
	if (strcmp(argv[5], "prepare") == 0) {
		put_write(LARGEST);
		send_all();
		results("WRITE");
		return 0;
	}
	if (argc < 7)
		errx(2, "expected milliseconds");
	double limit = atof(argv[6]) / 1000, started = now(), passed;
	unsigned long count = 0;
	do {
		count += turn(argv[5]);
		passed = now() - started;
	} while (passed < limit);
	printf("%.1f\n", count / passed);
	return 0;
}
