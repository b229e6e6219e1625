"""The print roles (PS3.4 annex H): what is printed becomes a PNG and a PDF file of each film.

`jobs` holds what lives as long as its association: sessions, films, boxes. Each class has its `Service`;
`press` draws films and keeps them; `offered` puts it all together.
"""
