/* A catalogue of a few rules, in pages as small as SQLite allows so that damage meets structure. */
#ifndef PICKET_FUZZ_SMALL_CATALOGUE_H
#define PICKET_FUZZ_SMALL_CATALOGUE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "catalog/schema.h"
#include "catalog/store.h"

static const char small_rows[] =
    "INSERT INTO meta VALUES('format','1'),('built','x');"
    "INSERT INTO language VALUES('sigma','Sigma','sigma',0,1),('elastic','Elastic','ecs',1,1);"
    "INSERT INTO file(id,path,language,state,reason) VALUES(1,'a.yml','sigma','rules',NULL),(2,'b.toml','elastic','rules',NULL),(3,'c','yara-l','unknown','why');"
    "INSERT INTO rule(id,language,key,rule_id,file,line,title,description,author,date,year,status,level,level_rank,type,product,category,state,reason,counts,syntax,source) VALUES"
    "(1,'sigma','a','a',1,1,'Alpha download','runs','Jane','2024-01-02',2024,'stable','high',3,'single event','windows','process_creation','runnable',NULL,1,'yaml','powershell.exe -enc'),"
    "(2,'sigma','b','b',1,9,'Beta','cve-2021-44228','John','2023-01-02',2023,'test','low',1,'sequence','linux',NULL,'unsupported','why',1,'yaml','y'),"
    "(3,'elastic','c','c',2,1,'Gamma',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'aggregation',NULL,NULL,'error','text',0,'toml','z'),"
    "(4,'sigma','a~2','a',1,20,'Alpha again',NULL,NULL,NULL,2024,'test','high',3,'single event','windows',NULL,'runnable',NULL,1,'yaml','x');"
    "INSERT INTO rule_list VALUES(1,'reference',0,'https://x'),(1,'derived',0,'b'),(2,'tag',0,'cve.2021-44228'),(3,'platform',0,'Windows');"
    "INSERT INTO rule_meta VALUES(1,0,'k','v');"
    "INSERT INTO tactic VALUES('TA0002','execution','Execution','Execution',1,NULL,NULL);"
    "INSERT INTO technique VALUES('T1059','Interpreter',NULL,1,'d','u',0,NULL,1),('T1059.001','PowerShell','T1059',2,NULL,NULL,0,NULL,1),('T1086','PowerShell',NULL,3,NULL,NULL,1,'T1059.001',1);"
    "INSERT INTO technique_tactic VALUES('T1059','TA0002'),('T1059.001','TA0002');"
    "INSERT INTO technique_list VALUES('T1059','platform',0,'Windows');INSERT INTO attack_object VALUES('G1','group','Group','u');INSERT INTO technique_use VALUES('T1059','G1');"
    "INSERT INTO rule_technique VALUES(1,'T1086','T1059.001'),(2,'T1059','T1059'),(4,'T1059','T1059');INSERT INTO rule_tactic VALUES(1,'execution','TA0002');"
    "INSERT INTO stage(id,rule,position,title,text,line,end_line,unused,names,linked) VALUES(1,1,0,'condition','x',1,1,0,'[{\"pattern\":\"1 of x\",\"names\":[\"y\"]}]','[]');"
    "INSERT INTO normal VALUES(1,'process.executable','ends_with',0,'\\x.exe',2);"
    "INSERT INTO predicate(id,key,family,field,kind,cased,value,folded,form,normal,rules) VALUES(1,'k1','sigma','Image','ends_with',0,'\\X.exe','\\x.exe','',1,2),"
    "(2,'k2','ecs','process.executable','ends_with',0,'\\x.exe','\\x.exe','',1,1),(3,'k3','sigma','','keyword',0,'word','word','',NULL,1);"
    "INSERT INTO rule_predicate VALUES(1,1,1,0,0,'\\X.exe'),(2,1,0,1,0,'\\x.exe'),(3,2,1,0,0,'\\x.exe'),(2,3,1,1,1,'word'),(4,1,1,0,0,'\\x.exe');"
    "INSERT INTO stage_predicate VALUES(1,0,1,0,1,1,1,1,'\\X.exe');"
    "INSERT INTO class(id,name,family,provider,event,title,key) VALUES(1,'x','windows','Sysmon','Event ID 1','Process creation','sysmon/1'),(2,'y','windows','Sysmon','Event ID 3','Network','sysmon/3');"
    "INSERT INTO class_source VALUES(1,'windows','process_creation',NULL);INSERT INTO class_field VALUES(1,'','Image','string','Image','own');"
    "INSERT INTO rule_class VALUES(1,1,'full','[]',1),(2,1,'part','[\"Hashes\"]',1);INSERT INTO rule_field VALUES(1,'Image'),(2,'Image');"
    "INSERT INTO diagnostic(rule,file,severity,code,message,line,column,length) VALUES(3,2,'error','e','m',1,2,3),(NULL,3,'note','n','m',0,0,0);"
    "INSERT INTO words(rowid,title,ids,description,body) SELECT id,title,rule_id,description,source FROM rule;";

/* Its bytes, sqlite3_free them. */
static inline unsigned char *small_catalogue(size_t *len)
{
    sqlite3 *db;
    sqlite3_int64 size = 0;
    char *message = NULL;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK || sqlite3_exec(db, "PRAGMA page_size=512", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, catalog_schema, NULL, NULL, &message) != SQLITE_OK || sqlite3_exec(db, small_rows, NULL, NULL, &message) != SQLITE_OK) {
        fprintf(stderr, "%s\n", message ? message : "no catalogue");
        __builtin_trap();
    }
    unsigned char *bytes = sqlite3_serialize(db, "main", &size, 0);
    sqlite3_close(db);
    *len = (size_t)size;
    return bytes;
}

/* A file with these bytes, in memory where the system has a place for that. Close and unlink it. */
static inline int memory_file(const void *bytes, size_t len, char path[64])
{
    snprintf(path, 64, "/dev/shm/picket-fuzz-XXXXXX");
    int file = mkstemp(path);
    if (file < 0) {
        snprintf(path, 64, "/tmp/picket-fuzz-XXXXXX");
        file = mkstemp(path);
    }
    for (size_t at = 0; at < len;) {
        ssize_t n = write(file, (const char *)bytes + at, len - at);
        if (n <= 0) __builtin_trap();
        at += (size_t)n;
    }
    return file;
}

#endif
