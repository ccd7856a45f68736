use std::io::Write;

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

/// Returns a .npy file.
fn npy(descr: &str, fortran_order: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': {descr}, 'fortran_order': {fortran_order}, 'shape': {shape}, }}\n");
    let mut bytes = [NPY_MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes()].concat();
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    bytes
}

fn npz(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn told(bytes: Vec<u8>) -> String {
    parse(Path::new("weights.npz"), bytes).unwrap_err().to_string()
}

#[test]
fn archives_are_read_stored_or_compressed() {
    let array = npy("'<f4'", "False", "(2, 1)", &floats(&[1.5, -2.0]));
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let bytes = npz(&[("a/b.npy", &array), ("readme.txt", b"no array")], method);
        let file = parse(Path::new("x.npz"), bytes).unwrap();
        let expected = RawTensor { shape: vec![2, 1], values: vec![1.5, -2.0] };
        assert_eq!(file.arrays, Tensors::from([("a/b".into(), expected)]));
    }
}

#[test]
fn a_single_array_is_named_as_its_file() {
    let bytes = npy("'<f8'", "False", "()", &2.5f64.to_le_bytes());
    let file = parse(Path::new("some/bias.npy"), bytes).unwrap();
    assert_eq!(file.arrays["bias"], RawTensor { shape: vec![], values: vec![2.5] });
}

#[test]
fn every_kind_of_number_and_both_orders_are_read() {
    let big: Vec<u8> = [1.0f32, 3.0].iter().flat_map(|value| value.to_be_bytes()).collect();
    assert_eq!(array(&npy("'>f4'", "False", "(2,)", &big)).unwrap().values, [1.0, 3.0]);
    assert_eq!(array(&npy("'|i1'", "False", "(2,)", &[255, 7])).unwrap().values, [-1.0, 7.0]);
    assert_eq!(array(&npy("'|u1'", "False", "(1,)", &[255])).unwrap().values, [255.0]);
    let columns = floats(&[0.0, 10.0, 1.0, 11.0, 2.0, 12.0]);
    let rows = array(&npy("'<f4'", "True", "(2, 3)", &columns)).unwrap();
    assert_eq!(rows.values, [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
}

#[test]
fn python_objects_are_refused_by_name_and_never_read() {
    let pickle = npy("'|O'", "False", "(1,)", b"\x80\x04cos\nsystem\n");
    let said = told(npz(&[("hparams.npy", &pickle)], CompressionMethod::Stored));
    assert!(said.contains("array hparams") && said.contains("pickle"), "{said}");
    let table = npy("[('a', '<f4')]", "False", "(1,)", &[0; 4]);
    let said = told(npz(&[("t.npy", &table)], CompressionMethod::Stored));
    assert!(said.contains("array t") && said.contains("named columns"), "{said}");
    let text = npy("'<U3'", "False", "(1,)", &[0; 12]);
    let said = told(npz(&[("t.npy", &text)], CompressionMethod::Stored));
    assert!(said.contains("array t") && said.contains("<U3"), "{said}");
}

#[test]
fn what_is_no_numpy_file_is_called_by_its_name() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:01\nsize 90864\n";
    assert!(told(pointer.to_vec()).contains("Git LFS pointer"));
    assert!(told(b"\x80\x04\x95\x10".to_vec()).contains("pickle"));
    assert!(told(b"\x89HDF\r\n\x1a\n".to_vec()).contains("HDF5"));
    assert!(told(Vec::new()).contains("empty"));
    let other = npz(&[("archive/data.pkl", b"x")], CompressionMethod::Stored);
    assert!(told(other).contains("PyTorch"));
}

#[test]
fn no_beginning_of_a_file_is_taken_for_the_whole() {
    let array = npy("'<f4'", "False", "(3,)", &floats(&[1.0, 2.0, 3.0]));
    for cut in 0..array.len() {
        assert!(parse(Path::new("x.npy"), array[..cut].to_vec()).is_err(), "{cut}");
    }
    let whole = npz(&[("a.npy", &array)], CompressionMethod::Deflated);
    for cut in 0..whole.len() {
        assert!(parse(Path::new("x.npz"), whole[..cut].to_vec()).is_err(), "{cut}");
    }
    let mut flipped = npz(&[("a.npy", &array)], CompressionMethod::Stored);
    let at = flipped.windows(4).position(|four| four == 2.0f32.to_le_bytes()).unwrap();
    flipped[at + 2] ^= 1;
    let said = told(flipped);
    assert!(said.contains("array a") && said.contains("download it again"), "{said}");
}

#[test]
fn a_claimed_size_takes_no_memory() {
    for shape in ["(1000000000000,)", "(4294967296, 4294967296, 4294967296)"] {
        let said = array(&npy("'<f4'", "False", shape, &[0; 4])).unwrap_err();
        assert!(said.contains("4 bytes"), "{said}");
    }
}

#[test]
fn what_is_written_is_read_again_and_is_laid_out_as_numpy_does() {
    let array = |shape: &[usize]| RawTensor {
        shape: shape.to_vec(),
        values: (0..shape.iter().product()).map(|i| i as f32 / 8.0).collect(),
    };
    let arrays = Tensors::from([
        ("a".to_owned(), array(&[2, 3, 1, 4])),
        ("b".to_owned(), array(&[0, 7])),
        ("long_name".to_owned(), array(&[5])),
        ("point".to_owned(), array(&[])),
    ]);
    let bytes = encode(&arrays).unwrap();
    assert!(is_numpy(&bytes));
    assert_eq!(parse(Path::new("x.npz"), bytes.clone()).unwrap().arrays, arrays);
    assert_eq!(encode(&arrays).unwrap(), bytes);
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    for (name, array) in &arrays {
        let mut content = Vec::new();
        zip.by_name(&format!("{name}.npy")).unwrap().read_to_end(&mut content).unwrap();
        let before = content.len() - 4 * array.values.len();
        assert_eq!((before % 64, content[before - 1]), (0, b'\n'), "{name}");
    }
}
