/*
 * The client of the device benchmark: repeats one operation on a mounted directory and prints how often it went per second.
 *
 *   client DIRECTORY prepare          makes what the operations need
 *   client DIRECTORY large            makes what `distinct` and `fresh` need
 *   client DIRECTORY OPERATION MS     runs it for about MS milliseconds
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB (1 << 20)
#define FILE_SIZE (8 * MIB)
#define ENTRIES 10000
#define LARGE_SIZE (256 * MIB)

static char *buffer;
static int fd = -1;
static unsigned long step;

static void need(long result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
}

static void need_bytes(ssize_t result, ssize_t expected, const char *what)
{
	if (result != expected)
		err(1, "%s: %zd bytes instead of %zd", what, result, expected);
}

static void op_stat(void)
{
	struct stat st;
	need(stat("file", &st), "stat");
}

static void op_fstat(void)
{
	struct stat st;
	need(fstat(fd, &st), "fstat");
}

static void op_pread(void)
{
	need_bytes(pread(fd, buffer, 4096, (step++ * 20480) % FILE_SIZE), 4096, "pread");
}

static void op_distinct(void)
{
	op_pread();
}

/* Goes through a large file from anywhere on: data that was not read for a long time. */
static void op_fresh(void)
{
	if (step == 0)
		step = (unsigned long)getpid() * 7919;
	need_bytes(pread(fd, buffer, 4096, (step++ * 4096) % LARGE_SIZE), 4096, "pread");
}

static void op_seqread(void)
{
	need_bytes(pread(fd, buffer, MIB, (step++ * MIB) % FILE_SIZE), MIB, "pread");
}

static void op_write(void)
{
	need_bytes(pwrite(fd, buffer, 4096, (step++ * 4096) % FILE_SIZE), 4096, "pwrite");
}

static void op_readdir(void)
{
	DIR *dir = opendir("many");
	int count = 0;
	if (!dir)
		err(1, "opendir");
	while (readdir(dir))
		count++;
	closedir(dir);
	if (count != ENTRIES + 2)
		errx(1, "readdir: %d entries", count);
}

static void op_create(void)
{
	int new = open("new", O_CREAT | O_EXCL | O_WRONLY, 0644);
	need(new, "create");
	need_bytes(write(new, buffer, 4096), 4096, "write");
	need(close(new), "close");
	need(unlink("new"), "unlink");
}

static void prepare(void)
{
	int file = open("file", O_CREAT | O_WRONLY, 0644);
	need(file, "file");
	for (int k = 0; k < FILE_SIZE / MIB; k++)
		need_bytes(write(file, buffer, MIB), MIB, "write");
	close(file);
	need(mkdir("many", 0755), "many");
	for (int k = 0; k < ENTRIES; k++) {
		char name[64];
		sprintf(name, "many/entry-%05d", k);
		file = open(name, O_CREAT | O_WRONLY, 0644);
		need(file, name);
		close(file);
	}
}

/* No two pages of it are alike. */
static void make_large(void)
{
	uint64_t state = 88172645463325252ULL;
	int file = open("large", O_CREAT | O_WRONLY, 0644);
	need(file, "large");
	for (long k = 0; k < LARGE_SIZE / MIB; k++) {
		for (uint64_t *word = (uint64_t *)buffer; word < (uint64_t *)(buffer + MIB); word++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			*word = state;
		}
		need_bytes(write(file, buffer, MIB), MIB, "write");
	}
	close(file);
}

static const struct {
	const char *name;
	void (*run)(void);
} operations[] = {
	{ "stat", op_stat },       { "fstat", op_fstat },     { "pread", op_pread }, { "seqread", op_seqread },
	{ "readdir", op_readdir }, { "create", op_create },   { "write", op_write },
	{ "distinct", op_distinct }, { "fresh", op_fresh },
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: client DIRECTORY prepare | client DIRECTORY OPERATION MS");
	need(chdir(argv[1]), argv[1]);
	buffer = aligned_alloc(4096, MIB); /* direct I/O sends one request only if it is aligned */
	memset(buffer, 'x', MIB);
	if (strcmp(argv[2], "prepare") == 0) {
		prepare();
		return 0;
	}
	if (strcmp(argv[2], "large") == 0) {
		make_large();
		return 0;
	}
	for (size_t k = 0; k < sizeof operations / sizeof *operations; k++) {
		if (strcmp(argv[2], operations[k].name) != 0 || argc < 4)
			continue;
		void (*run)(void) = operations[k].run;
		fd = open(run == op_distinct || run == op_fresh ? "large" : "file", O_RDWR);
		need(fd, "file");
		double limit = atof(argv[3]) / 1000, started = now(), passed;
		unsigned long count = 0, batch = 1;
		do {
			for (unsigned long b = 0; b < batch; b++)
				operations[k].run();
			count += batch;
			passed = now() - started;
			if (passed < limit / 20)
				batch *= 2;
		} while (passed < limit);
		printf("%.1f\n", count / passed);
		return 0;
	}
	errx(2, "no operation %s", argv[2]);
}
