# Rscript read.R WORKBOOK FOLDER: every sheet as readxl reads it unasked, as <sheet>.csv, and the classes of its columns in classes.csv.
options(digits = 15, warn = 2)  # a warning is a fault
arguments <- commandArgs(trailingOnly = TRUE)
sheets <- readxl::excel_sheets(arguments[1])
classes <- do.call(rbind, lapply(sheets, function(sheet) {
  rows <- readxl::read_excel(arguments[1], sheet = sheet)
  write.csv(rows, file.path(arguments[2], paste0(sheet, ".csv")), row.names = FALSE, na = "", fileEncoding = "UTF-8")
  data.frame(sheet, column = names(rows), class = sapply(rows, function(x) class(x)[1]), empty = sapply(rows, function(x) all(is.na(x))))
}))
write.csv(classes, file.path(arguments[2], "classes.csv"), row.names = FALSE)
