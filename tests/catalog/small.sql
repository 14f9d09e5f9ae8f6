-- A catalogue small enough to be counted by hand; tests/catalog/queries.cases asks it.
--
--     id  language  key  level     state        techniques        year  predicates (!: negated)
--     1   sigma     a    high      runnable     T1059.001         2024  iox, enc
--     2   sigma     b    critical  runnable     T1003             2023  iox!, mimi
--     3   sigma     c    low       unsupported  none              2024  1234
--     4   elastic   d    medium    runnable     T1059.001 T1090   2022  piox (the same as iox in one schema)
--     5   sigma     e    (none)    error        none              none  none; hostile texts; does not count
--     6   sigma     f    high      runnable     T1059             2021  iox; deprecated, does not count
--     7   sigma     a~2  high      runnable     T1059.001         2024  enc; the second of key a
INSERT INTO meta VALUES('format','1'),('built','2026-11-22T05:00:00Z'),('attack','18.1'),('roots','["rules"]');
INSERT INTO language VALUES('sigma','Sigma','sigma',0,1),('elastic','Elastic','ecs',1,1),('yara-l','SecOps','udm',1,0);
INSERT INTO file(id,path,language,state,reason) VALUES(1,'rules/a.yml','sigma','rules',NULL),(2,'rules/b.yml','sigma','rules',NULL),
 (3,'rules/d.toml','elastic','rules',NULL),(4,'rules/x.yaral','yara-l','unknown','picket cannot read this language yet'),(5,'other/a.yml','sigma','rules',NULL);
INSERT INTO rule(id,language,key,rule_id,file,line,title,description,author,date,modified,year,status,level,level_rank,type,product,category,service,state,reason,counts,syntax,source) VALUES
 (1,'sigma','a','a',1,1,'Alpha download','Downloads and runs, says "quote"','Jane Doe, John Roe','2024-01-02','2024-05-01',2024,'stable','high',3,'single event','windows','process_creation',NULL,'runnable',NULL,1,'yaml','title: Alpha download'||char(10)||'x: powershell.exe -enc'),
 (2,'sigma','b','b',2,1,'Beta mimikatz','CVE-2021-44228 and more','John Roe','2023-03-04',NULL,2023,'test','critical',4,'single event','windows','process_creation',NULL,'runnable',NULL,1,'yaml','title: Beta'),
 (3,'sigma','c','c',2,20,'Gamma','','Jane Doe','2024-01-01',NULL,2024,'test','low',1,'aggregation','linux',NULL,'auth','unsupported','cannot be done',1,'yaml','title: Gamma'),
 (4,'elastic','d','d',3,1,'Delta download','again of a vendor','Elastic','2022-01-01','2025-01-01',2022,NULL,'medium',2,'sequence',NULL,NULL,NULL,'runnable',NULL,1,'toml','[rule]'),
 (5,'sigma','e','e',2,40,'Epsilon <script>'||char(27)||'[31m'||char(8238)||'txt','=cmd()',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'single event',NULL,NULL,NULL,'error','the text is wrong',0,'yaml','title: [' ),
 (6,'sigma','f','f',2,60,'Zeta old',NULL,NULL,'2021-01-01',NULL,2021,'deprecated','high',3,'single event','windows','process_creation',NULL,'runnable',NULL,0,'yaml','title: Zeta'),
 (7,'sigma','a~2','a',5,1,'Alpha download again',NULL,NULL,'2024-02-02',NULL,2024,'test','high',3,'single event','windows','process_creation',NULL,'runnable',NULL,1,'yaml','title: Alpha again');
INSERT INTO rule_list VALUES(1,'reference',0,'https://example.org/a'),(1,'false positive',0,'Administrators'),(1,'tag',0,'attack.t1059.001'),(1,'obsolete',0,'f'),
 (2,'tag',0,'cve.2021-44228'),(2,'derived',0,'nowhere'),(4,'platform',0,'Windows');
INSERT INTO rule_meta VALUES(1,0,'fields','Image');
INSERT INTO tactic VALUES('TA0002','execution','Execution','Execution',3,NULL,NULL),('TA0006','credential-access','Credential Access','Credential Access',8,NULL,NULL),
 ('TA0011','command-and-control','Command and Control','Command & Control',12,NULL,NULL);
INSERT INTO technique VALUES('T1059','Command and Scripting Interpreter',NULL,1,NULL,NULL,0,NULL,1),('T1059.001','PowerShell','T1059',2,NULL,NULL,0,NULL,1),
 ('T1003','OS Credential Dumping',NULL,3,NULL,NULL,0,NULL,1),('T1090','Proxy',NULL,4,NULL,NULL,0,NULL,1),('T1086','PowerShell',NULL,5,NULL,NULL,1,'T1059.001',1);
INSERT INTO technique_tactic VALUES('T1059','TA0002'),('T1059.001','TA0002'),('T1003','TA0006'),('T1090','TA0011');
INSERT INTO rule_technique VALUES(1,'T1086','T1059.001'),(2,'T1003','T1003'),(4,'T1059.001','T1059.001'),(4,'T1090','T1090'),(6,'T1059','T1059'),(7,'T1059.001','T1059.001');
INSERT INTO rule_tactic VALUES(1,'execution','TA0002'),(2,'credential_access','TA0006'),(4,'execution','TA0002');
INSERT INTO stage(id,rule,position,title,text,line,end_line,path,unused,names,linked) VALUES(1,1,0,'condition','selection',9,9,NULL,0,'[{"pattern":"1 of s*","names":["selection"]}]',NULL),
 (2,1,1,'selection','selection: x',5,7,NULL,0,NULL,NULL),(3,3,0,'condition','b',1,1,NULL,0,NULL,'[{"language":"sigma","key":"b","title":"Beta mimikatz"}]');
INSERT INTO normal VALUES(1,'process.executable','ends_with',0,'\iox.exe',3),(2,'process.command_line','match',0,' -enc ',2);
INSERT INTO predicate(id,key,family,field,kind,cased,value,folded,form,algorithm,normal,rules) VALUES
 (1,'key-iox','sigma','Image','ends_with',0,'\iox.exe','\iox.exe','',NULL,1,2),(2,'key-enc','sigma','CommandLine','match',0,' -enc ',' -enc ','windash',NULL,2,2),
 (3,'key-mimi','sigma','','keyword',0,'Mimikatz','mimikatz','',NULL,NULL,1),(4,'key-num','sigma','EventID','equals',0,'1234','1234','',NULL,NULL,1),
 (5,'key-piox','ecs','process.executable','ends_with',0,'\iox.exe','\iox.exe','',NULL,1,1);
INSERT INTO rule_predicate VALUES(1,1,1,0,0,'\iox.exe'),(1,2,1,0,1,' /enc '),(2,1,0,1,0,'\iox.exe'),(2,3,1,0,1,'Mimikatz'),(3,4,1,0,0,'1234'),(4,5,1,0,0,'\IOX.exe'),
 (6,1,1,0,0,'\iox.exe'),(7,2,1,1,0,' -enc ');
INSERT INTO stage_predicate VALUES(2,0,1,0,0,6,5,8,'\iox.exe'),(2,1,2,0,1,7,5,5,' /enc ');
INSERT INTO class(id,name,family,provider,event,title,key) VALUES(1,'x','windows','Sysmon','Event ID 1','Process creation','sysmon/1'),
 (2,'y','windows','Windows Security','Event ID 4688','Process creation','windows-security/4688'),(3,'z','linux','Linux','','Authentication','linux/auth');
INSERT INTO class_source VALUES(1,'windows','process_creation',NULL),(2,'windows','process_creation',NULL),(2,'windows',NULL,'security'),(3,'linux',NULL,'auth');
INSERT INTO class_field VALUES(1,'','Image','string','Image','own'),(1,'ecs','process.executable','string','Image','mapped'),(2,'','CommandLine','string','CommandLine','own'),
 (2,'sigma','Hashes',NULL,NULL,'missing');
INSERT INTO rule_class VALUES(1,1,'full','[]',1),(1,2,'part','["Hashes"]',0),(2,1,'full','[]',1),(2,2,'full','[]',1),(4,2,'part','["Hashes"]',1),(6,1,'full','[]',1),(7,2,'full','[]',1);
INSERT INTO rule_field VALUES(1,'Image'),(1,'CommandLine'),(2,'Image'),(3,'EventID'),(4,'process.executable'),(6,'Image'),(7,'CommandLine');
INSERT INTO diagnostic(rule,file,severity,code,message,hint,line,column,length) VALUES(5,2,'error','sigma-yaml','this is never closed','close it',40,8,1),
 (3,NULL,'unsupported','sigma-cannot','cannot be done',NULL,21,3,0),(NULL,4,'note','file-note','nobody reads this',NULL,0,0,0);
INSERT INTO words(rowid,title,ids,tags,description,predicates,body) SELECT id,title,rule_id,(SELECT group_concat(value,' ') FROM rule_list WHERE rule=r.id AND kind='tag'),description,
 (SELECT group_concat(p.value,' ') FROM rule_predicate u JOIN predicate p ON p.id=u.predicate WHERE u.rule=r.id),source FROM rule r;
