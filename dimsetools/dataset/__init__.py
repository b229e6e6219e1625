"""Data sets in and out of the program: as they lie in files, as plain values, as the keys of a query.

Nothing here knows of associations or messages. `part10` and `elements` are on the hot path and work on
bytes and descriptors alone. `attributes` is the model of a data set that everybody else shares: `decode` and
`encode` are its way from and to bytes, `flat`, `dicom_json`, `dump_text` and `native_xml` from and to text,
`keys` and `files` from what people type. `models` and `levels` are what queries are made of. Only `transcode`
uses pydicom, and only after a bounded scan.
"""
