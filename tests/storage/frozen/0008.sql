BEGIN TRANSACTION;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at_ms BIGINT NOT NULL, 
	act TEXT NOT NULL, 
	made_by TEXT NOT NULL, 
	whom TEXT NOT NULL, 
	room TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	by_id TEXT DEFAULT '' NOT NULL, 
	whom_id TEXT DEFAULT '' NOT NULL
);
INSERT INTO "audit" VALUES(1,1767225600020,'mute','Mia','bob','+board-abcdef','loud','','');
CREATE TABLE events (
	room_id INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	kind SMALLINT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	user_id TEXT NOT NULL, 
	user_name TEXT NOT NULL, 
	text TEXT NOT NULL, 
	me SMALLINT NOT NULL, 
	others TEXT, 
	nonce TEXT, 
	CONSTRAINT pk_events PRIMARY KEY (room_id, seq), 
	CONSTRAINT fk_events_room_id FOREIGN KEY(room_id) REFERENCES rooms (id)
);
INSERT INTO "events" VALUES(1,3,0,1767225600000,'id-ann','Ann','old 2',0,NULL,'o2');
INSERT INTO "events" VALUES(1,4,0,1767225600010,'id-ann','Ann','häłło 👋
''quoted''',0,NULL,'n1');
INSERT INTO "events" VALUES(1,5,0,1767225600010,'id-bob','bob','waves',1,NULL,NULL);
INSERT INTO "events" VALUES(1,6,1,1767225600010,'id-mia','Mia','cake',0,NULL,NULL);
INSERT INTO "events" VALUES(3,1,0,1767225600010,'id-bob','bob','psst',0,'[{"id":"id-ann","name":"Ann"},{"id":"id-mia","name":"Mia"}]','n1');
INSERT INTO "events" VALUES(4,1,2,1767225600020,'id-mia','Mia','',0,NULL,NULL);
INSERT INTO "events" VALUES(4,2,3,1767225600020,'id-mia','Mia','1',0,NULL,NULL);
INSERT INTO "events" VALUES(4,3,4,1767225600020,'id-mia','Mia','{"kind":"private","read_only":true,"was":"board"}',0,NULL,NULL);
CREATE TABLE former_names (
	name TEXT NOT NULL, 
	room_id INTEGER NOT NULL, 
	CONSTRAINT pk_former_names PRIMARY KEY (name), 
	CONSTRAINT fk_former_names_room_id FOREIGN KEY(room_id) REFERENCES rooms (id)
)
 WITHOUT ROWID

;
INSERT INTO "former_names" VALUES('board',4);
CREATE TABLE held_names (
	name_key TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	node_id TEXT NOT NULL, 
	CONSTRAINT pk_held_names PRIMARY KEY (name_key)
)
 WITHOUT ROWID

;
CREATE TABLE ignored (
	user_id TEXT NOT NULL, 
	ignored_id TEXT NOT NULL, 
	CONSTRAINT pk_ignored PRIMARY KEY (user_id, ignored_id)
)
 WITHOUT ROWID

;
INSERT INTO "ignored" VALUES('id-mia','id-bob');
CREATE TABLE invitations (
	code_hash BLOB NOT NULL, 
	role TEXT NOT NULL, 
	uses INTEGER NOT NULL, 
	expires_ms BIGINT NOT NULL, 
	maker_id TEXT NOT NULL, 
	CONSTRAINT pk_invitations PRIMARY KEY (code_hash)
)
 WITHOUT ROWID

;
INSERT INTO "invitations" VALUES(X'636F6465','member',2,1767225601000,'id-mia');
CREATE TABLE members (
	room_id INTEGER NOT NULL, 
	user_id TEXT NOT NULL, 
	read_seq BIGINT NOT NULL, 
	notify TEXT DEFAULT 'mentions' NOT NULL, 
	role TEXT DEFAULT 'member' NOT NULL, 
	CONSTRAINT pk_members PRIMARY KEY (room_id, user_id), 
	CONSTRAINT fk_members_room_id FOREIGN KEY(room_id) REFERENCES rooms (id)
)
 WITHOUT ROWID

;
INSERT INTO "members" VALUES(1,'id-ann',4,'mentions','member');
INSERT INTO "members" VALUES(2,'id-mia',0,'mentions','member');
INSERT INTO "members" VALUES(3,'id-ann',0,'mentions','member');
INSERT INTO "members" VALUES(3,'id-bob',0,'mentions','member');
INSERT INTO "members" VALUES(3,'id-mia',0,'mentions','member');
INSERT INTO "members" VALUES(4,'id-mia',0,'mentions','owner');
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
)
 WITHOUT ROWID

;
INSERT INTO "meta" VALUES('changes','0');
INSERT INTO "meta" VALUES('clean','yes');
INSERT INTO "meta" VALUES('epoch','6a6e3106f8b4a392');
INSERT INTO "meta" VALUES('user_number','0');
CREATE TABLE nodes (
	id TEXT NOT NULL, 
	seen_ms BIGINT NOT NULL, 
	server TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_nodes PRIMARY KEY (id)
)
 WITHOUT ROWID

;
CREATE TABLE passwords (
	user_id TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_passwords PRIMARY KEY (user_id)
)
 WITHOUT ROWID

;
INSERT INTO "passwords" VALUES('id-mia','$argon2id$of-mia');
CREATE TABLE present (
	node_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	role TEXT NOT NULL, 
	away TEXT, 
	addresses TEXT NOT NULL, 
	CONSTRAINT pk_present PRIMARY KEY (node_id, user_id)
)
 WITHOUT ROWID

;
CREATE TABLE present_in (
	room TEXT NOT NULL, 
	node_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	CONSTRAINT pk_present_in PRIMARY KEY (room, node_id, user_id)
)
 WITHOUT ROWID

;
CREATE TABLE rooms (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	first_seq BIGINT NOT NULL, 
	last_seq BIGINT NOT NULL, 
	read_only SMALLINT DEFAULT '0' NOT NULL, 
	archived SMALLINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_rooms PRIMARY KEY (id), 
	CONSTRAINT uq_rooms_name UNIQUE (name)
);
INSERT INTO "rooms" VALUES(1,'lobby','public','cake',3,6,0,0);
INSERT INTO "rooms" VALUES(2,'empty','public','',1,0,0,0);
INSERT INTO "rooms" VALUES(3,'@direct','direct','',1,1,0,0);
INSERT INTO "rooms" VALUES(4,'+board-abcdef','private','',1,3,1,0);
CREATE TABLE sanctions (
	kind TEXT NOT NULL, 
	room TEXT NOT NULL, 
	against TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	whom TEXT NOT NULL, 
	made_by TEXT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	ends_ms BIGINT, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_sanctions PRIMARY KEY (kind, room, against, subject)
)
 WITHOUT ROWID

;
INSERT INTO "sanctions" VALUES('mute','+board-abcdef','user','id-bob','bob','Mia',1767225600000,1767225601000,'loud');
CREATE TABLE sessions (
	token_hash BLOB NOT NULL, 
	user_id TEXT NOT NULL, 
	expires_ms BIGINT NOT NULL, 
	device TEXT DEFAULT '' NOT NULL, 
	created_ms BIGINT DEFAULT '0' NOT NULL, 
	used_ms BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (token_hash)
)
 WITHOUT ROWID

;
INSERT INTO "sessions" VALUES(X'746F6B656E206F6620416E6E','id-ann',1767225601000,'',1767225600000,1767225600000);
INSERT INTO "sessions" VALUES(X'746F6B656E206F66204D6961','id-mia',1767225601000,'',1767225600000,1767225600000);
INSERT INTO "sessions" VALUES(X'746F6B656E206F6620626F62','id-bob',1767225601000,'',1767225600000,1767225600000);
CREATE TABLE subscriptions (
	endpoint TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	p256dh TEXT NOT NULL, 
	auth TEXT NOT NULL, 
	saved_ms BIGINT NOT NULL, 
	token_hash BLOB, 
	CONSTRAINT pk_subscriptions PRIMARY KEY (endpoint)
)
 WITHOUT ROWID

;
CREATE TABLE users (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	saved_ms BIGINT NOT NULL, 
	role TEXT DEFAULT 'guest' NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id)
)
 WITHOUT ROWID

;
INSERT INTO "users" VALUES('id-ann','Ann','ann','guest',1767225600000,'guest');
INSERT INTO "users" VALUES('id-bob','bob','bob','guest',1767225600000,'guest');
INSERT INTO "users" VALUES('id-mia','Mia','mia','member',1767225600000,'member');
CREATE INDEX ix_users_name_key ON users (name_key);
CREATE INDEX ix_sessions_expires_ms ON sessions (expires_ms);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE INDEX ix_rooms_kind_name ON rooms (kind, name);
CREATE INDEX ix_audit_room ON audit (room, id);
CREATE INDEX ix_subscriptions_user_id ON subscriptions (user_id);
CREATE INDEX ix_present_name_key ON present (name_key);
CREATE INDEX ix_present_user_id ON present (user_id);
CREATE INDEX ix_present_in_node_id ON present_in (node_id, user_id);
CREATE INDEX ix_held_names_node_id ON held_names (node_id);
CREATE INDEX ix_former_names_room_id ON former_names (room_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE UNIQUE INDEX ix_events_nonce ON events (nonce, user_id) WHERE nonce IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('audit',1);
COMMIT;
