"""What pages are made of; a folder of its own, as Streamlit gives files in `pages/` an address."""
