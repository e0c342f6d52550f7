/*
 * The yardstick of the device benchmark: an in-memory tree on libfuse 3's low-level API, as directly as C allows.
 * Timeouts are 0 and files are opened with direct_io, so that every call of the client reaches the daemon.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct inode;

struct dentry {
	struct dentry *next; /* in its hash bucket */
	struct inode *parent, *inode;
	size_t slot; /* in the parent's entries */
	char name[256];
};

struct inode {
	struct stat st;
	uint64_t nlookup;
	char *data;
	size_t capacity;
	struct inode *parent;
	struct dentry **entries; /* of a directory; NULL where one was removed */
	size_t count, room;
};

#define BUCKETS (1u << 16)
static struct dentry *buckets[BUCKETS];
static struct inode root;
static uint64_t next_ino = 2;

static struct inode *inode_of(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? &root : (struct inode *)(uintptr_t)ino;
}

static unsigned hash(const struct inode *parent, const char *name)
{
	uint64_t h = (uintptr_t)parent * 0x9e3779b97f4a7c15u;
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	return (h ^ (h >> 32)) & (BUCKETS - 1);
}

static struct dentry *find(struct inode *parent, const char *name)
{
	struct dentry *d = buckets[hash(parent, name)];
	while (d && (d->parent != parent || strcmp(d->name, name)))
		d = d->next;
	return d;
}

static void touch(struct inode *i, int modified)
{
	clock_gettime(CLOCK_REALTIME, &i->st.st_ctim);
	if (modified)
		i->st.st_mtim = i->st.st_ctim;
}

static struct inode *make(fuse_req_t req, struct inode *parent, const char *name, mode_t mode)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct inode *i = calloc(1, sizeof *i);
	struct dentry *d = calloc(1, sizeof *d);
	unsigned h = hash(parent, name);
	i->st.st_ino = next_ino++;
	i->st.st_mode = mode;
	i->st.st_nlink = S_ISDIR(mode) ? 2 : 1;
	i->st.st_uid = ctx->uid;
	i->st.st_gid = ctx->gid;
	if (parent->st.st_mode & S_ISGID) {
		i->st.st_gid = parent->st.st_gid;
		if (S_ISDIR(mode))
			i->st.st_mode |= S_ISGID;
	}
	i->st.st_blksize = 4096;
	i->parent = parent;
	touch(i, 1);
	i->st.st_atim = i->st.st_mtim;
	strcpy(d->name, name);
	d->parent = parent;
	d->inode = i;
	d->next = buckets[h];
	buckets[h] = d;
	if (parent->count == parent->room) {
		parent->room = parent->room ? 2 * parent->room : 16;
		parent->entries = realloc(parent->entries, parent->room * sizeof *parent->entries);
	}
	d->slot = parent->count;
	parent->entries[parent->count++] = d;
	if (S_ISDIR(mode))
		parent->st.st_nlink++;
	touch(parent, 1);
	return i;
}

static void drop_if_unused(struct inode *i)
{
	if (i->st.st_nlink == 0 && i->nlookup == 0) {
		free(i->data);
		free(i->entries);
		free(i);
	}
}

static void fill_entry(struct fuse_entry_param *e, struct inode *i)
{
	memset(e, 0, sizeof *e);
	e->ino = (uintptr_t)i;
	e->attr = i->st;
	i->nlookup++;
}

static void ll_init(void *userdata, struct fuse_conn_info *conn)
{
	conn->max_write = 1 << 20;
}

static void ll_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct dentry *d = find(inode_of(parent), name);
	struct fuse_entry_param e;
	if (!d) {
		fuse_reply_err(req, strlen(name) < sizeof d->name ? ENOENT : ENAMETOOLONG);
		return;
	}
	fill_entry(&e, d->inode);
	fuse_reply_entry(req, &e);
}

static void forget_one(fuse_ino_t ino, uint64_t nlookup)
{
	struct inode *i = inode_of(ino);
	if (i == &root)
		return;
	i->nlookup -= nlookup;
	drop_if_unused(i);
}

static void ll_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	forget_one(ino, nlookup);
	fuse_reply_none(req);
}

static void ll_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t k = 0; k < count; k++)
		forget_one(forgets[k].ino, forgets[k].nlookup);
	fuse_reply_none(req);
}

static void ll_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fuse_reply_attr(req, &inode_of(ino)->st, 0);
}

static int resize(struct inode *i, size_t size)
{
	if (size > i->capacity) {
		size_t capacity = i->capacity ? i->capacity : 4096;
		while (capacity < size)
			capacity *= 2;
		char *data = realloc(i->data, capacity);
		if (!data)
			return ENOSPC;
		memset(data + i->capacity, 0, capacity - i->capacity);
		i->data = data;
		i->capacity = capacity;
	}
	if (size < (size_t)i->st.st_size)
		memset(i->data + size, 0, i->st.st_size - size);
	i->st.st_size = size;
	i->st.st_blocks = (size + 511) / 512;
	return 0;
}

static void ll_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	struct inode *i = inode_of(ino);
	if (to_set & FUSE_SET_ATTR_MODE)
		i->st.st_mode = (i->st.st_mode & S_IFMT) | (attr->st_mode & 07777);
	if (to_set & FUSE_SET_ATTR_SIZE)
		resize(i, attr->st_size);
	touch(i, to_set & FUSE_SET_ATTR_SIZE);
	fuse_reply_attr(req, &i->st, 0);
}

static void ll_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct fuse_entry_param e;
	if (find(inode_of(parent), name)) {
		fuse_reply_err(req, EEXIST);
		return;
	}
	fill_entry(&e, make(req, inode_of(parent), name, S_IFDIR | mode));
	fuse_reply_entry(req, &e);
}

static void ll_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct fuse_entry_param e;
	if (find(inode_of(parent), name)) {
		fuse_reply_err(req, EEXIST);
		return;
	}
	fill_entry(&e, make(req, inode_of(parent), name, S_IFREG | mode));
	fi->direct_io = 1;
	fuse_reply_create(req, &e, fi);
}

static void remove_entry(fuse_req_t req, fuse_ino_t parent, const char *name, int directory)
{
	struct dentry *d = find(inode_of(parent), name);
	struct dentry **link;
	struct inode *p = inode_of(parent), *i;
	if (!d) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	i = d->inode;
	if (directory) {
		for (size_t k = 0; k < i->count; k++)
			if (i->entries[k]) {
				fuse_reply_err(req, ENOTEMPTY);
				return;
			}
		p->st.st_nlink--;
		i->st.st_nlink = 0;
	} else {
		i->st.st_nlink--;
	}
	link = &buckets[hash(p, name)];
	while (*link != d)
		link = &(*link)->next;
	*link = d->next;
	p->entries[d->slot] = NULL;
	while (p->count && !p->entries[p->count - 1])
		p->count--;
	free(d);
	touch(p, 1);
	touch(i, 0);
	drop_if_unused(i);
	fuse_reply_err(req, 0);
}

static void ll_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_entry(req, parent, name, 0);
}

static void ll_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_entry(req, parent, name, 1);
}

static void ll_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	/* libfuse asks for FUSE_ATOMIC_O_TRUNC: the kernel sends no SETATTR. */
	if (fi->flags & O_TRUNC) {
		resize(inode_of(ino), 0);
		touch(inode_of(ino), 1);
	}
	fi->direct_io = 1;
	fuse_reply_open(req, fi);
}

static void ll_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct inode *i = inode_of(ino);
	size_t length = off >= i->st.st_size ? 0 : i->st.st_size - off;
	fuse_reply_buf(req, i->data + off, length < size ? length : size);
}

static void ll_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct inode *i = inode_of(ino);
	if (off + (off_t)size > i->st.st_size && resize(i, off + size)) {
		fuse_reply_err(req, ENOSPC);
		return;
	}
	memcpy(i->data + off, buf, size);
	touch(i, 1);
	fuse_reply_write(req, size);
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, int plus)
{
	struct inode *dir = inode_of(ino);
	static char *buffer;
	static size_t room;
	size_t used = 0;
	if (room < size) {
		buffer = realloc(buffer, size);
		room = size;
	}
	for (size_t k = off; k < dir->count + 2; k++) {
		struct inode *i = k == 0 ? dir : k == 1 ? (dir->parent ? dir->parent : dir) : NULL;
		const char *name = k == 0 ? "." : "..";
		size_t length;
		if (k >= 2) {
			if (!dir->entries[k - 2])
				continue;
			i = dir->entries[k - 2]->inode;
			name = dir->entries[k - 2]->name;
		}
		if (plus) {
			struct fuse_entry_param e;
			memset(&e, 0, sizeof e);
			e.ino = k < 2 ? 0 : (uintptr_t)i;
			e.attr = i->st;
			length = fuse_add_direntry_plus(req, buffer + used, size - used, name, &e, k + 1);
		} else {
			length = fuse_add_direntry(req, buffer + used, size - used, name, &i->st, k + 1);
		}
		if (length > size - used)
			break;
		if (plus && k >= 2)
			i->nlookup++;
		used += length;
	}
	fuse_reply_buf(req, buffer, used);
}

static void ll_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	list(req, ino, size, off, 0);
}

static void ll_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	list(req, ino, size, off, 1);
}

static const struct fuse_lowlevel_ops operations = {
	.init = ll_init,
	.lookup = ll_lookup,
	.forget = ll_forget,
	.forget_multi = ll_forget_multi,
	.getattr = ll_getattr,
	.setattr = ll_setattr,
	.mkdir = ll_mkdir,
	.create = ll_create,
	.unlink = ll_unlink,
	.rmdir = ll_rmdir,
	.open = ll_open,
	.read = ll_read,
	.write = ll_write,
	.readdir = ll_readdir,
	.readdirplus = ll_readdirplus,
};

int main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct fuse_cmdline_opts opts;
	struct fuse_session *session;
	int status = 1;
	if (fuse_parse_cmdline(&args, &opts) != 0 || opts.mountpoint == NULL) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	root.st.st_ino = FUSE_ROOT_ID;
	root.st.st_mode = S_IFDIR | 0755;
	root.st.st_nlink = 2;
	root.nlookup = 1;
	touch(&root, 1);
	session = fuse_session_new(&args, &operations, sizeof operations, NULL);
	if (session && fuse_set_signal_handlers(session) == 0) {
		if (fuse_session_mount(session, opts.mountpoint) == 0) {
			status = fuse_session_loop(session) < 0; /* what -s means */
			fuse_session_unmount(session);
		}
		fuse_remove_signal_handlers(session);
	}
	if (session)
		fuse_session_destroy(session);
	free(opts.mountpoint);
	fuse_opt_free_args(&args);
	return status;
}
