"""What agencies get back: workbooks in Vietnamese and English, with what to mend and the values sent."""
