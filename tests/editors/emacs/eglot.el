;;; eglot.el --- the language server in Emacs' eglot  -*- lexical-binding: t -*-
;; usage: emacs -q --batch -l eglot.el, with LLMSPELL_SERVER, LLMSPELL_PROJECT and LLMSPELL_TEST_REPORT set.
;; Each result goes as one line of JSON to the report.

(require 'eglot)
(require 'json)

(defvar llmspell-limit 15 "Seconds to wait for what the server sends.")
(defvar llmspell-project (getenv "LLMSPELL_PROJECT"))

(defun llmspell-report (name passed &optional reason)
  (let ((line (json-encode `((test . ,(concat "emacs: " name))
                             (passed . ,(if passed t json-false))
                             ,@(unless passed `((error . ,(format "%s" reason))))))))
    (write-region (concat line "\n") nil (getenv "LLMSPELL_TEST_REPORT") t 'quiet)))

(defmacro llmspell-test (name &rest body)
  (declare (indent 1))
  `(condition-case reason
       (progn ,@body (llmspell-report ,name t))
     (error (llmspell-report ,name nil reason))))

(defun llmspell-await (what condition)
  (let ((deadline (+ (float-time) llmspell-limit)) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) deadline))
      (accept-process-output nil 0.05))
    (or value (error "Waited %s s in vain for %s" llmspell-limit what))))

(defun llmspell-behind (text)
  (goto-char (point-min))
  (search-forward text))

(define-derived-mode llmspell-mode prog-mode "LLMSpell")
(add-to-list 'eglot-server-programs `(llmspell-mode . (,(getenv "LLMSPELL_SERVER") "--stdio")))
(setq eglot-sync-connect llmspell-limit eglot-send-changes-idle-time 0 make-backup-files nil create-lockfiles nil)

(find-file (expand-file-name "mistakes.lua" llmspell-project))
(llmspell-mode)

(llmspell-test "connects to the server"
  (apply #'eglot--connect (eglot--guess-contact))
  (eglot--managed-mode 1)
  (llmspell-await "the connection" #'eglot-current-server))

(llmspell-test "shows the diagnostics"
  (let ((texts (llmspell-await "two diagnostics"
                               (lambda ()
                                 (flymake-start)
                                 (let ((found (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))
                                   (and (= (length found) 2) found))))))
    (unless (string-match-p "pritn" (apply #'concat texts))
      (error "No diagnostic is about pritn: %S" texts))))

(llmspell-test "completes at the cursor"
  (llmspell-behind "Tool.")
  (let* ((capf (run-hook-wrapped 'completion-at-point-functions
                                 (lambda (function) (let ((found (funcall function))) (and (consp found) found)))))
         (candidates (all-completions "" (nth 2 capf))))
    (unless (member "execute" (mapcar #'string-trim (mapcar #'substring-no-properties candidates)))
      (error "Execute is not among %S" candidates))))

(llmspell-test "explains what is under the cursor"
  (llmspell-behind "Tool.exec")
  (let ((hover (jsonrpc-request (eglot-current-server) :textDocument/hover (eglot--TextDocumentPositionParams))))
    (unless (string-match-p "Tool.execute" (format "%S" hover))
      (error "The hover is %S" hover))))

(set-buffer-modified-p nil)
(llmspell-test "the server ends when it is told to"
  (eglot-shutdown (eglot-current-server) nil llmspell-limit))
