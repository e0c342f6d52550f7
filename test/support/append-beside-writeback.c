// A write that makes a file longer, through the page cache, while another thread has a page of it written back.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int fd;

static void *append(void *unused) {
  if (write(fd, "c", 1) != 1) perror("write");
  return unused;
}

int main(int argc, char **argv) {
  pthread_t thread;
  char bytes[4] = "";
  fd = open(argv[1], O_RDWR | O_CREAT | O_APPEND, 0644);
  if (argc != 2 || fd < 0 || write(fd, "a", 1) != 1) return perror(argv[1]), 1;
  char *map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) return perror("mmap"), 1;
  map[0] = 'b';
  pthread_create(&thread, NULL, append, NULL);
  usleep(500000);
  // The write has been copied into the page, and its WRITE is under way: the file has its old size.
  sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  pthread_join(thread, NULL);
  map[0] = 'd';
  if (fsync(fd) != 0) return perror("fsync"), 1;
  ssize_t count = pread(fd, bytes, sizeof bytes, 0);
  for (ssize_t i = 0; i < count; i++) printf("%02x ", bytes[i]);
  return 0;
}
