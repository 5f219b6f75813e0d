{{ rows_in_force('insurance_debts') }}
