//! evtx_loop FOLDER: every .evtx file of the folder as JSON lines on standard output, one thread. Then how many records.
use std::io::{BufWriter, Write};

fn main() {
    let folder = std::env::args().nth(1).expect("evtx_loop FOLDER");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "evtx"));
    files.sort();
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout());
    let (mut records, mut errors) = (0u64, 0u64);
    for file in files {
        let settings = evtx::ParserSettings::new().num_threads(1).indent(false);
        let mut parser = match evtx::EvtxParser::from_path(&file) {
            Ok(parser) => parser.with_configuration(settings),
            Err(_) => { errors += 1; continue }
        };
        for record in parser.records_json() {
            match record {
                Ok(record) => {
                    records += 1;
                    out.write_all(record.data.as_bytes()).unwrap();
                    out.write_all(b"\n").unwrap();
                }
                Err(_) => errors += 1,
            }
        }
    }
    out.flush().unwrap();
    eprintln!("records {records} errors {errors}");
}
